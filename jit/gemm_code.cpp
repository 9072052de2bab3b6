// Compiles the pieces that a way of matrix products is put together from: once a process for each dtype and instruction
// set. Start reading at add_gemm_code.
#include <functional>
#include <string>
#include <vector>

#include "jit/gemm_kit.hpp"
#include "jit/library.hpp"

namespace actinium::jit {
namespace {

/// A generated function, and where its address goes.
struct Piece {
  std::function<llvm::Function*(GemmKit&)> emit;
  std::function<void(void*)> take;
};

template <class F, class Emit>
Piece piece(F*& address, Emit emit) {
  return {emit, [&address](void* p) { address = reinterpret_cast<F*>(p); }};
}

std::vector<Piece> pieces_for_all(GemmCode& code) {
  return {piece(code.pack, [](GemmKit& kit) { return kit.pack(); }),
          piece(code.add, [](GemmKit& kit) { return kit.add(); })};
}

std::vector<Piece> pieces_of(GemmCode& code, const GemmPlan& plan, Grid::Way way) {
  std::vector<Piece> pieces;
  switch (way) {
    case Grid::Way::narrow:
      pieces.push_back(piece(code.lanes_one, [](GemmKit& kit) { return kit.lanes(1, 1); }));
      pieces.push_back(
          piece(code.lanes_rows, [&plan](GemmKit& kit) { return kit.lanes(plan.narrow_rows_at_once, 1); }));
      pieces.push_back(piece(code.lanes_columns,
                             [](GemmKit& kit) { return kit.lanes(1, static_cast<int>(program::narrow_columns)); }));
      pieces.push_back(piece(code.upright, [](GemmKit& kit) { return kit.upright(); }));
      pieces.push_back(piece(code.lane_sum, [](GemmKit& kit) { return kit.lane_sum(); }));
      break;
    case Grid::Way::thin:
      pieces.push_back(piece(code.row_panel, [](GemmKit& kit) { return kit.row_panel(); }));
      pieces.push_back(piece(code.stream_one, [](GemmKit& kit) { return kit.stream(1, 4, 4); }));
      pieces.push_back(
          piece(code.stream_rows, [](GemmKit& kit) { return kit.stream(static_cast<int>(stream_rows), 4, 1); }));
      break;
    case Grid::Way::tiled:
      code.tiles.resize(plan.tiles.size());
      for (std::size_t s = 0; s < plan.tiles.size() - (plan.masks ? 1 : 0); ++s)
        pieces.push_back(piece(code.tiles[s], [&shape = plan.tiles[s]](GemmKit& kit) { return kit.tile(shape); }));
      pieces.push_back(piece(code.squares, [](GemmKit& kit) { return kit.squares(); }));
      if (plan.masks) {
        pieces.push_back(
            piece(code.masked_tile, [&shape = plan.tiles.back()](GemmKit& kit) { return kit.tile(shape, true); }));
      }
      break;
    case Grid::Way::packed: {
      const TileShape &wide = plan.packed_tiles.front(), &single = plan.packed_tiles.back();
      pieces.push_back(piece(code.packed_wide, [&wide](GemmKit& kit) { return kit.packed_tile(wide); }));
      pieces.push_back(piece(code.packed_single, [&single](GemmKit& kit) { return kit.packed_tile(single); }));
      pieces.push_back(piece(code.copying, [&wide](GemmKit& kit) { return kit.copying_tile(wide); }));
      pieces.push_back(piece(code.pack_rows, [](GemmKit& kit) { return kit.pack_rows(); }));
      pieces.push_back(piece(code.squares, [](GemmKit& kit) { return kit.squares(); }));
      break;
    }
  }
  return pieces;
}

std::string_view name_of(Grid::Way way) {
  switch (way) {
    case Grid::Way::narrow: return "narrow";
    case Grid::Way::thin: return "thin";
    case Grid::Way::tiled: return "tiled";
    case Grid::Way::packed: return "packed";
  }
  return {};
}

/// The symbol of each piece is its number.
void add_pieces(const std::vector<Piece>& pieces, const Target& target, bool fused, const GemmPlan& plan,
                std::string_view name) {
  const auto symbol = [](std::size_t i) { return "piece" + std::to_string(i); };
  const std::string module = "gemm_" + std::string(name) + "_" + std::string(actinium::name_of(plan.dtype));
  const LinkedCode& code = library_code(target, fused, module, Effort::shared, [&](ModuleEmitter& m) {
    GemmKit kit(m, plan);
    for (std::size_t i = 0; i < pieces.size(); ++i) pieces[i].emit(kit)->setName(symbol(i));
  });
  for (std::size_t i = 0; i < pieces.size(); ++i) pieces[i].take(code.address(symbol(i)));
}

}  // namespace

void add_gemm_code(GemmCode& code, const Target& target, bool fused, const GemmPlan& plan, Grid::Way way) {
  add_pieces(pieces_for_all(code), target, fused, plan, "all");
  add_pieces(pieces_of(code, plan, way), target, fused, plan, name_of(way));
}

void add_sum_code(GemmCode& code, const Target& target, bool fused, const GemmPlan& plan) {
  add_pieces({piece(code.sum_columns, [](GemmKit& kit) { return kit.sum_columns(); })}, target, fused, plan, "sums");
}

}  // namespace actinium::jit
