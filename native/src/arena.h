#pragma once

#include <cstdint>

namespace audiossl {

// Tensors made from here on lie in memory of our own.
void useArena();
// Bytes of all tensors there, of every thread; and the most that they were since the last call.
int64_t arenaBytes();
int64_t mostArenaBytes();

}  // namespace audiossl
