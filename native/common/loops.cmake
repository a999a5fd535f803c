# add_loops(TARGET SOURCE SET...): compiles SOURCE into TARGET once for each instruction set, with AUDIOSSL_SIMD its name. Which one runs is
# chosen by the processor (instructionSet.h), so an addon moves between machines. -fno-math-errno and -fno-trapping-math change no result;
# -ffast-math and -march=native stay out (see README.md).
set(LOOPS_avx2 -mavx2 -mfma)
set(LOOPS_avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mprefer-vector-width=512)
set(LOOPS_avx512bf16 ${LOOPS_avx512} -mavx512bf16)

function(add_loops TARGET SOURCE)
  set(SETS baseline)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND SETS ${ARGN})
    target_compile_definitions(${TARGET} PRIVATE AUDIOSSL_X86)
  endif()
  foreach(SET ${SETS})
    add_library(simd_${SET} OBJECT ${SOURCE})
    target_compile_definitions(simd_${SET} PRIVATE AUDIOSSL_SIMD=${SET})
    target_compile_options(simd_${SET} PRIVATE -O3 -fPIC -fno-math-errno -fno-trapping-math -Wall -Wextra -Wno-psabi ${LOOPS_${SET}})
    if(SANITIZE)
      target_compile_options(simd_${SET} PRIVATE -fsanitize=${SANITIZE} -fno-omit-frame-pointer -g)
    endif()
    target_sources(${TARGET} PRIVATE $<TARGET_OBJECTS:simd_${SET}>)
  endforeach()
endfunction()
