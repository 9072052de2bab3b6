// einsum against a loop over all indices, its derivatives, and what it is lowered to.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "actinium/actinium.h"
#include "graph/graph.hpp"
#include "support/derivatives.hpp"
#include "support/reference.hpp"

namespace actinium {
namespace {

using reference::Array;

struct Case {
  std::string text;  ///< with an output; no ellipsis
  std::vector<std::vector<std::int64_t>> shapes;
  std::string written = {};  ///< how it is passed, if not as `text`
};

/// The sum over every assignment of all indices: what the text says and nothing else.
Array plain(const std::string& text, const std::vector<Array>& operands) {
  const std::string inputs = text.substr(0, text.find("->")), output = text.substr(text.find("->") + 2);
  std::map<char, std::int64_t> sizes, at;
  std::vector<std::string> terms(1);
  for (const char c : inputs) c == ',' ? (void)terms.emplace_back() : terms.back().push_back(c);
  for (std::size_t i = 0; i < terms.size(); ++i)
    for (std::size_t k = 0; k < terms[i].size(); ++k)
      if (auto& n = sizes.emplace(terms[i][k], 1).first->second; operands[i].shape[k] != 1) n = operands[i].shape[k];
  Array y{{}, {}};
  std::size_t count = 1, all = 1;
  for (const char c : output) y.shape.push_back(sizes[c]), count *= static_cast<std::size_t>(sizes[c]);
  for (const auto& [c, n] : sizes) all *= static_cast<std::size_t>(n);
  y.data.assign(count, 0);
  for (std::size_t step = 0; step < all; ++step) {
    std::size_t rest = step;
    for (const auto& [c, n] : sizes)
      at[c] = static_cast<std::int64_t>(rest % static_cast<std::size_t>(n)), rest /= static_cast<std::size_t>(n);
    double term = 1;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      std::int64_t offset = 0;
      for (std::size_t k = 0; k < terms[i].size(); ++k)
        offset = offset * operands[i].shape[k] + (operands[i].shape[k] == 1 ? 0 : at[terms[i][k]]);
      term *= operands[i].data[static_cast<std::size_t>(offset)];
    }
    std::int64_t place = 0;
    for (const char c : output) place = place * sizes[c] + at[c];
    y.data[static_cast<std::size_t>(place)] += term;
  }
  return y;
}

const std::vector<Case> cases{
    {"i->i", {{3}}},
    {"ij->ji", {{3, 4}}},
    {"ij->ji", {{3, 4}}, "ji"},  // implicit: alphabetical
    {"ij->", {{3, 4}}},
    {"ijk->j", {{2, 3, 4}}},
    {"ii->i", {{4, 4}}},
    {"ii->", {{4, 4}}, "ii"},
    {"iij->ji", {{3, 3, 2}}},
    {"jii->ij", {{2, 3, 3}}},
    {"iji->j", {{3, 4, 3}}},
    {"iiii->i", {{2, 2, 2, 2}}},
    {"ijij->ij", {{2, 3, 2, 3}}},
    {"ij,jk->ik", {{3, 4}, {4, 5}}},
    {"ij,jk->ik", {{3, 4}, {4, 5}}, "ij,jk"},
    {"ij,jk->ik", {{3, 4}, {4, 5}}, " i j , j k -> i k "},
    {"ij,jk->ki", {{3, 4}, {4, 5}}},
    {"ji,jk->ik", {{4, 3}, {4, 5}}},
    {"ji,kj->ik", {{4, 3}, {5, 4}}},
    {"ij,ij->", {{3, 4}, {3, 4}}},
    {"ij,ji->", {{3, 4}, {4, 3}}},
    {"i,i->", {{5}, {5}}},
    {"i,j->ij", {{3}, {4}}},
    {"i,j->ji", {{3}, {4}}},
    {"i,j->", {{3}, {4}}},
    {"ij,j->i", {{3, 4}, {4}}},
    {"i,ij->j", {{3}, {3, 4}}},
    {"ij,ij->ij", {{3, 4}, {3, 4}}},
    {"ij,ij->i", {{3, 4}, {3, 4}}},
    {"bij,bjk->bik", {{2, 3, 4}, {2, 4, 5}}},
    {"bij,bjk->kbi", {{2, 3, 4}, {2, 4, 5}}},
    {"bij,bj->bi", {{2, 3, 4}, {2, 4}}},
    {"bij,jk->bik", {{2, 3, 4}, {4, 5}}},
    {"bij,kj->bik", {{2, 3, 4}, {5, 4}}},
    {"bqhd,bkhd->bhqk", {{2, 3, 2, 4}, {2, 5, 2, 4}}},
    {"bhqk,bkhd->bqhd", {{2, 2, 3, 5}, {2, 5, 2, 4}}},
    {"abcd,cdef->abef", {{2, 3, 2, 3}, {2, 3, 3, 2}}},
    {"abcd,dcef->abef", {{2, 3, 2, 3}, {3, 2, 3, 2}}},
    {"cabd,cdf->abf", {{2, 3, 2, 3}, {2, 3, 4}}},
    {"ab,cd->abcd", {{2, 3}, {2, 2}}},
    {"ab,cd->ac", {{2, 3}, {2, 2}}},  // sums over what is in one operand alone
    {"aab,bc->ac", {{3, 3, 2}, {2, 4}}},
    {"ij,jk,kl->il", {{3, 4}, {4, 5}, {5, 2}}},
    {"ij,jk,kl->il", {{30, 2}, {2, 30}, {30, 2}}},
    {"a,ab,b->", {{3}, {3, 4}, {4}}},
    {"ij,ik,il->jkl", {{5, 2}, {5, 3}, {5, 2}}},
    {"ij,jk,ki->", {{3, 4}, {4, 5}, {5, 3}}},
    {"a,b,c,d->abcd", {{2}, {3}, {2}, {2}}},
    {"ab,bc,cd,de,ef,fg,gh,hi,ij->aj", {{2, 2}, {2, 2}, {2, 2}, {2, 2}, {2, 2}, {2, 2}, {2, 2}, {2, 2}, {2, 2}}},
    {",i->i", {{}, {4}}},
    {",->", {{}, {}}},
    {"ijk,jk->ik", {{3, 1, 4}, {5, 4}}},  // axes of size 1 stretch
    {"ij,j->ij", {{3, 4}, {1}}},
    {"ij,jk->ik", {{3, 1}, {1, 5}}},
    {"ij,jk->ik", {{1, 4}, {4, 1}}},
    {"ij,jk->ik", {{0, 4}, {4, 5}}},  // nothing in it, or nothing to sum
    {"ij,jk->ik", {{3, 0}, {0, 5}}},
    {"ij,ij->i", {{3, 0}, {3, 0}}},
    {"ii->i", {{0, 0}}},
    {"bij,bjk->bik", {{2, 3, 4}, {2, 4, 5}}, "...ij,...jk->...ik"},
    {"abij,bjk->abik", {{2, 3, 2, 2}, {3, 2, 4}}, "...ij,...jk"},
    {"ij,jk->ik", {{3, 4}, {4, 5}}, "...ij,...jk->...ik"},
    {"bij,j->bij", {{2, 3, 4}, {4}}, "...,...->..."},
    {"iab->abi", {{3, 2, 4}}, "i...->...i"},
    {"aib,b->ai", {{3, 2, 4}, {4}}, "a...b,b->a..."},
    {"abij,bjk->abik", {{2, 1, 2, 2}, {3, 2, 4}}, "...ij,...jk"},
    {"Ab,bA->A", {{2, 3}, {3, 2}}, "Ab,bA->A"},
};

class Einsum : public testing::TestWithParam<Case> {
 protected:
  const Case& c = GetParam();
  std::string text() const { return c.written.empty() ? c.text : c.written; }
};

TEST_P(Einsum, IsTheSumThatItSays) {
  derivatives::Problem p(c.shapes);
  std::vector<Array> operands;
  for (const auto& [name, array] : p.values) operands.push_back(array);
  const Expr y = einsum(text(), p.x);
  const Array got = reference::evaluate(y, p.values), want = plain(c.text, operands);
  ASSERT_EQ(got.shape, want.shape);
  for (std::size_t i = 0; i < want.data.size(); ++i) EXPECT_NEAR(got.data[i], want.data[i], 1e-12) << i;
}

/// Sizes of run time, equal to those of the case where they are used: nothing in the lowering needs numbers.
TEST_P(Einsum, TakesRunTimeSizes) {
  Graph g{f64};
  std::vector<Expr> x;
  reference::Inputs values;
  Bindings sizes;
  std::vector<Array> operands;
  for (std::size_t i = 0; i < c.shapes.size(); ++i) {
    std::vector<Dim> dims;
    for (const std::int64_t n : c.shapes[i]) {
      if (n == 1) {
        dims.emplace_back(1);
        continue;
      }
      dims.emplace_back("n" + std::to_string(n));
      sizes["n" + std::to_string(n)] = n;
    }
    const std::string name = "x" + std::to_string(i);
    x.push_back(g.input(name, Shape(dims)));
    values[name] = reference::random(c.shapes[i], -1, 1, static_cast<unsigned>(i));
    operands.push_back(values[name]);
  }
  const Array got = reference::evaluate(einsum(text(), x), values, sizes), want = plain(c.text, operands);
  ASSERT_EQ(got.shape, want.shape);
  for (std::size_t i = 0; i < want.data.size(); ++i) EXPECT_NEAR(got.data[i], want.data[i], 1e-12) << i;
}

TEST_P(Einsum, Derivatives) {
  derivatives::Problem p(c.shapes);
  p.check([&](const std::vector<Expr>& x) { return einsum(text(), x); });
}

INSTANTIATE_TEST_SUITE_P(Ops, Einsum, testing::ValuesIn(cases),
                         [](const auto& i) { return "case" + std::to_string(i.index); });

std::size_t count(const Expr& e, ops::Op op) {
  const std::array root{e.id()};
  const std::vector<char> needed = reachable(*e.graph(), root);
  std::size_t n = 0;
  for (std::uint32_t i = 0; i < needed.size(); ++i) n += needed[i] && e.graph()->op(NodeId{i}) == op;
  return n;
}

TEST(EinsumLowering, IsOneProductOfViews) {
  Graph g;
  const Expr a = g.input("a", {"b", "q", 4, 8}), b = g.input("b", {"b", "k", 4, 8}), W = g.input("W", {8, 5});
  const Expr scores = einsum("bqhd,bkhd->bhqk", a, b);
  EXPECT_EQ(count(scores, ops::Op::matmul), 1u);
  EXPECT_EQ(count(scores, ops::Op::reshape), 0u);
  // A matrix for all rows: one product of merged rows, and the result lies as asked.
  const Expr rows = einsum("bqhd,de->bqhe", a, W);
  EXPECT_EQ(count(rows, ops::Op::matmul), 1u);
  EXPECT_EQ(count(rows, ops::Op::transpose), 0u);
  EXPECT_TRUE(einsum("de,bqhd->bqhe", W, a).same_as(rows));
  EXPECT_TRUE(einsum("ij,jk->ik", W.T(), W).same_as(matmul(W.T(), W)));
  EXPECT_EQ(count(einsum("ij,ij->i", W, W), ops::Op::matmul), 0u);
  EXPECT_TRUE(einsum("ij->ij", W).same_as(W));
}

/// (a b) c costs a hundred times less than a (b c) here, whatever order they are written in.
TEST(EinsumLowering, ContractsInTheCheapestOrder) {
  Graph g;
  const Expr a = g.input("a", {1, 100}), b = g.input("b", {100, 100}), c = g.input("c", {100, 100});
  const Expr best = matmul(matmul(a, b), c);
  EXPECT_TRUE(einsum("ij,jk,kl->il", a, b, c).same_as(best));
  for (const Expr& y : {einsum("kl,jk,ij->il", c, b, a), einsum("jk,kl,ij->il", b, c, a)}) {
    EXPECT_EQ(count(y, ops::Op::matmul), 2u);
    for (std::uint32_t i = 0; i < g.node_count(); ++i)
      if (g.data()->op(NodeId{i}) == ops::Op::matmul) EXPECT_TRUE(g.data()->shape(NodeId{i}).size().is(100)) << y;
  }
}

TEST(EinsumLowering, IntegersAndNumbers) {
  Graph g{f64};
  const Expr i = g.input("i", {2, 3}, i64), x = g.input("x", {3});
  const Tensor a = Tensor(std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor y = eval(einsum("ij,kj->ik", i, i), {{i, a}});
  EXPECT_EQ(y, Tensor(std::vector<std::int64_t>{14, 32, 32, 77}, {2, 2}));
  EXPECT_EQ(eval(einsum(",i->", 2.0, x), {{x, Tensor{1.0, 2.0, 3.0}}}).item<double>(), 12.0);
}

/// Written in primitives, they are batched as these are.
TEST(EinsumLowering, IsBatchedByVmap) {
  Graph g{f64};
  const Expr x = g.input("x", {5, 3, 4}), w = g.input("w", {4, 2}), f = g.input("f", {2, 4, 3});
  const Tensor xs = random_normal(1, {5, 3, 4}, 0, 1, f64), ws = random_normal(2, {4, 2}, 0, 1, f64),
               fs = random_normal(3, {2, 4, 3}, 0, 1, f64);
  const auto product = [&](const Expr& one) { return einsum("ij,jk->ki", one, w); };
  EXPECT_EQ(eval(vmap(product)(x), {{x, xs}, {w, ws}}), eval(einsum("bij,jk->bki", x, w), {{x, xs}, {w, ws}}));
  const auto filtered = [&](const Expr& one) { return max_pool(conv1d(one, f), {2}); };
  EXPECT_EQ(eval(vmap(filtered)(x), {{x, xs}, {f, fs}}), eval(max_pool(conv1d(x, f), {2}), {{x, xs}, {f, fs}}));
}

}  // namespace
}  // namespace actinium
