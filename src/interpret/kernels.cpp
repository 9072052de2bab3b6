// How a stage runs over a row, common to all kinds of kernel. Start reading at begin_row, then run_piece.
#include "interpret/kernels.hpp"

namespace actinium::interpret {
namespace {

char* kept_row(const PreparedStages& all, std::uint32_t row, const StageMemory& memory) {
  std::size_t offset = 0;
  for (std::uint32_t i = 0; i < row; ++i) {
    offset += (static_cast<std::size_t>(memory.kept_extent) * size_of(all.kept[i]) + 63) / 64 * 64;
  }
  return memory.kept + offset;
}

}  // namespace

std::size_t kept_bytes(const PreparedStages& all, std::int64_t extent) {
  std::size_t bytes = 0;
  for (machine::Type t : all.kept) bytes += (static_cast<std::size_t>(extent) * size_of(t) + 63) / 64 * 64;
  return bytes;
}

void begin_row(const PreparedStage& stage, const PreparedStages& all, const Cursor& cursor, std::int64_t start,
               const void* product, const StageMemory& memory) {
  for (std::size_t i = 0; i < stage.inputs.size(); ++i) {
    const PreparedStage::In& in = stage.inputs[i];
    switch (in.from) {
      case PreparedStage::From::access: memory.sources[i] = cursor.source(in.number, start); break;
      case PreparedStage::From::value:
      case PreparedStage::From::column:
        memory.sources[i] = {memory.values + static_cast<std::int64_t>(in.number) * memory.value_bytes, 1, 0};
        break;
      case PreparedStage::From::kept: memory.sources[i] = {kept_row(all, in.number, memory), 1, 0}; break;
      case PreparedStage::From::product: memory.sources[i] = {product, 1, 0}; break;
    }
  }
  stage.program->begin_row(memory.sources, memory.frame);
}

void run_piece(const PreparedStage& stage, const PreparedStages& all, const Cursor& cursor, std::int64_t base,
               std::int64_t start, int n, const StageMemory& memory) {
  stage.program->run(memory.sources, start, n, memory.frame);
  for (const PreparedStage::Out& out : stage.stores) {
    store(stage.program->output(out.output, memory.frame), out.type, cursor.address(out.number, base + start),
          cursor.source(out.number, 0).stride, n);
  }
  for (const PreparedStage::Out& out : stage.kept) {
    char* const row = kept_row(all, out.number, memory) + static_cast<std::size_t>(start) * size_of(out.type);
    store(stage.program->output(out.output, memory.frame), out.type, row, 1, n);
  }
}

const void* elements(const PreparedStage& stage, std::uint32_t output, int n, const StageMemory& memory) {
  const VectorValue value = stage.program->output(output, memory.frame);
  if (value.step != 0) return value.data;
  store(value, stage.program->output_type(output), memory.spread, 1, n);
  return memory.spread;
}

void run_once(const PreparedStage& stage, const PreparedStages& all, const Cursor& cursor, const StageMemory& memory) {
  begin_row(stage, all, cursor, 0, nullptr, memory);
  for (const PreparedStage::Out& out : stage.stores) {
    store(stage.program->output(out.output, memory.frame), out.type, cursor.address(out.number, 0), 0, 1);
  }
  for (const PreparedStage::Out& out : stage.exports) {
    splat(out.type, stage.program->output(out.output, memory.frame).data,
          memory.values + static_cast<std::int64_t>(out.number) * memory.value_bytes);
  }
}

}  // namespace actinium::interpret
