#pragma once

namespace audiossl {

// Tensors made from here on lie in memory of our own.
void useArena();

}  // namespace audiossl
