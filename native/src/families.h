// One function a family of kernels: each adds its entries to the addon.
#pragma once

#include "binding.h"

namespace audiossl {

void defineStorage(Module& module);
void defineElementwise(Module& module);
void defineReductions(Module& module);
void defineShaping(Module& module);
void defineIndexing(Module& module);
void defineMatmul(Module& module);
void defineConvolution(Module& module);
void definePooling(Module& module);
void defineImage(Module& module);
void defineBatchNorm(Module& module);
void defineTraining(Module& module);
void defineSoftmaxRegression(Module& module);
void defineLibraries(Module& module);
void defineRanks(Module& module);

// The release of the headers that the addon was compiled with.
std::string headersRelease();
// Why this process must not compute with the libtorch that it loaded; empty where all is well.
std::string mixedLibraries();

}  // namespace audiossl
