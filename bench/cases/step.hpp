// Operands of a step of the classifier 64-64-64-10 with a batch of 32, as its peers take them.
#pragma once
#include <cstdint>

namespace bench {

struct NetworkStep {
  const float *x, *w[3], *b[3];
  const std::int32_t* y;
  float *dw[3], *db[3], *loss;
};

}  // namespace bench
