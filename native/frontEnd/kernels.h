// The front end's loops over plain memory, compiled once for each instruction set and chosen by the processor at run time.
//
// Nothing here includes the standard library's templates: their inline functions, compiled for AVX-512, could end up in the hands of the
// whole process. All arithmetic is float64, as in src/audio, which is the oracle. No result depends on how many frames or samples are
// asked for at once: each frame, and each output of the resampler, is a sum of its own in a fixed order.
#pragma once

#include <cstdint>

namespace audiossl {

// What depends on the front end alone; see src/audio/logMel.ts. The arrays belong to module.cpp.
struct LogMelPlan {
  int64_t nFft, winLength, hopLength, nMels;
  // Of the window of frame 0.
  int64_t firstSample;
  bool isMirrored;   // else zeros lie outside the clip
  bool isMagnitude;  // else power
  double waveformOffset, logOffset, logFloor, logScale;
  const double* window;  // [winLength]
  // Band after band without the zeros; bins firstBin[m] <= k < endBin[m].
  const double* melWeights;
  const int32_t* firstBin;
  const int32_t* endBin;
  // For each length n = nFft, nFft / 2 .. 4: e^(-2 pi i m / n), m < n / 4.
  const double* realTwiddles;
  // For each size M = 4, 8 .. nFft / 4 the powers 1, 2, 3 of e^(-2 pi i m / M), m < M / 4; those of M start at complexTwiddleStart(M).
  const double* complexTwiddles;
  // The bin of each output: those of the transform at length n first, then at n / 2 ...; bins above nFft / 2 are mirrored.
  const int32_t* binOfOutput;
};

constexpr int64_t complexTwiddleStart(int64_t size) { return 6 * (size / 4 - 1); }

// Samples [start, start + count) of a clip that has `total` (or more, where the last ones are not needed).
struct ClipPart {
  const float* samples;
  int64_t start, count, total;
};

// Output t lies at input position t * step / phases and weighs the `rowLength` samples from floor of it - reach on.
struct ResampleTable {
  int64_t phases, step, reach, rowLength;
  const double* weights;  // [phases, rowLength], rowLength a multiple of 8
};

// As ResampleTable for ratios with too many phases: rows at the fractions (q - 1) / divisions, q = 0 .. divisions + 2, of an input
// period, between which parabolas go.
struct InterpolatedTable {
  int64_t phases, step, reach, rowLength, divisions;
  const double* weights;  // [divisions + 3, rowLength]
};

// Running sums of a clip: 8 partial sums by index mod 8, extremes, count.
struct Level {
  double sums[8];
  double smallest, largest;
  int64_t count;
};

struct FrontEndKernels {
  const char* name;

  // Bytes of scratch memory that logMel needs. All scratch memory starts at a cache line of 64 bytes.
  int64_t (*logMelScratch)(const LogMelPlan& plan);
  // Frames [first, first + count) -> out [count, nMels].
  void (*logMel)(const LogMelPlan& plan, const ClipPart& clip, int64_t first, int64_t count, float* out, void* scratch);

  // Doubles of scratch memory that the resampler needs.
  int64_t (*resampleScratch)(const ResampleTable& table);
  // Outputs [first, first + count); samples outside the part count as 0.
  void (*resample)(const ResampleTable& table, const ClipPart& clip, int64_t first, int64_t count, float* out, double* scratch);
  int64_t (*interpolateScratch)(const InterpolatedTable& table);
  void (*interpolate)(const InterpolatedTable& table, const ClipPart& clip, int64_t first, int64_t count, float* out, double* scratch);

  // Goes on with `level` over further samples.
  void (*addToLevel)(Level& level, const float* samples, int64_t count);
  // (x - mean) / divisor
  void (*normalise)(const float* samples, float* out, int64_t count, double mean, double divisor);
  // The mean of `channels` arrays.
  void (*mixDown)(const float* const* channels, int64_t numChannels, float* out, int64_t count);
  // Interleaved little-endian 16-bit samples -> x / 32768, an array a channel.
  void (*readPcm16)(const uint8_t* bytes, float* const* channels, int64_t numChannels, int64_t count);
};

// The best of what was compiled that this processor runs.
const FrontEndKernels& frontEndKernels();

}  // namespace audiossl
