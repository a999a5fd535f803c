// Which library files this process computes with, as the loader and the libraries themselves say.
#include <ATen/Version.h>
#include <dlfcn.h>
#include <link.h>
#include <torch/version.h>

#include "../simd/kernels.h"
#include "families.h"
#include "oneDnn.h"

namespace audiossl {
namespace {

std::string fileOf(const void* address) {
  Dl_info info;
  return dladdr(address, &info) && info.dli_fname ? info.dli_fname : "";
}

// The word that follows `key` in what a library says of itself.
std::string wordAfter(const std::string& text, const std::string& key) {
  size_t at = text.find(key);
  if (at == std::string::npos) return "";
  size_t begin = at + key.size();
  return text.substr(begin, text.find_first_of(" ,\n(", begin) - begin);
}

// "2.13.0" where the library says "2.13.0a0+git123".
std::string libtorchRelease() {
  std::string release = wordAfter(at::show_config(), "TORCH_VERSION=");
  return release.substr(0, release.find_first_not_of("0123456789."));
}

// Files of the process whose name begins with one of these: their run-time libraries each have threads of their own.
std::string loadedFiles(std::initializer_list<const char*> beginnings) {
  struct Search {
    std::initializer_list<const char*> beginnings;
    std::string found;
  } search{beginnings, ""};
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        auto& search = *static_cast<Search*>(data);
        std::string file = info->dlpi_name ? info->dlpi_name : "", name = file.substr(file.rfind('/') + 1);
        for (const char* beginning : search.beginnings) {
          if (name.rfind(beginning, 0) == 0) search.found += (search.found.empty() ? "" : ";") + file;
        }
        return 0;
      },
      &search);
  return search.found;
}

}  // namespace

std::string headersRelease() { return TORCH_VERSION; }

std::string mixedLibraries() {
  std::string release = libtorchRelease(), files = loadedFiles({"libtorch_cpu."});
  if (!release.empty() && release != TORCH_VERSION) {
    return "the addon is compiled for libtorch " TORCH_VERSION " and the process loaded " + release + " (" + files + ")";
  }
  if (files.find(';') != std::string::npos) return "two libtorchs in one process (" + files + ")";
  return "";
}

namespace {

// Lines of "name<tab>value"; a list's entries are separated by semicolons, what is not there is empty.
std::string libraries() {
  std::string text;
  auto line = [&](const char* name, const std::string& value) { text += std::string(name) + '\t' + value + '\n'; };
  line("headers", headersRelease());
  line("libtorch", libtorchRelease());
  line("libtorchFile", fileOf(reinterpret_cast<const void*>(&at::show_config)));
  line("oneDnn", wordAfter(at::get_mkldnn_version(), "MKL-DNN v"));
  line("directOneDnn", oneDnnRelease());
  line("directOneDnnFile", fileOf(oneDnnAddress()));
  line("openMp", loadedFiles({"libgomp", "libomp.", "libiomp"}));
  line("blas", at::hasMKL() ? "MKL" : loadedFiles({"libopenblas", "libblas", "libmkl_core"}));
  line("simd", simdName());
  return text;
}

}  // namespace

void defineLibraries(Module& module) { module.def("libraries", libraries); }

}  // namespace audiossl
