// The session: instruction sets, many threads, memory that comes back, pages that are never writable and executable.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <fstream>
#include <string>
#include <thread>

#include "jit/target.hpp"
#include "unit/jit_support.hpp"

namespace actinium::testing {
namespace {

using program::Stage;

/// y = x + addend.
Bench shifted(float addend, std::int64_t n) {
  program::LoopKernel kernel{.outer = {}, .inner = Dim("n"), .accesses = {}, .stages = {Stage{}}, .values = {}};
  kernel.accesses = {Bench::access(DType::f32, {true}), Bench::access(DType::f32, {true})};
  Body body;
  Stage& s = kernel.stages[0];
  const auto x = body.load(s, 0, DType::f32);
  s.stores = {
      {body.op(s, ops::Op::add, DType::f32, {x, body.constant(s, DType::f32, std::bit_cast<std::uint32_t>(addend))}),
       1}};
  kernel.values = body.values;
  Numbers numbers(1);
  const bool moves[1] = {true};
  Bench bench{.kernel = kernel, .operands = {}, .extents = {n}};
  bench.operands = {contiguous(DType::f32, bench.extents, moves, &numbers),
                    contiguous(DType::f32, bench.extents, moves, nullptr)};
  return bench;
}

/// Mappings of this process that are executable, and whether any of them is writable.
struct Pages {
  int executable = 0;
  bool writable_too = false;
};
Pages executable_pages() {
  Pages pages;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::string flags = line.substr(line.find(' ') + 1, 4);
    if (flags[2] != 'x') continue;
    ++pages.executable;
    pages.writable_too |= flags[1] == 'w';
  }
  return pages;
}

std::shared_ptr<const runtime::Executable> compile(const Bench& bench) {
  auto program = std::make_shared<program::Program>();
  program->kernels.push_back({});
  program->kernels[0].body = std::get<program::LoopKernel>(bench.kernel);
  return runtime::jit_engine().compile(program, {});
}

TEST(JitSession, NamesTheInstructionSetsThatItKnows) {
  try {
    jit::find_target("sparc");
    FAIL() << "accepted sparc";
  } catch (const CompileError& error) {
    EXPECT_NE(std::string(error.what()).find("x86-64-v3"), std::string::npos) << error.what();
  }
}

TEST(JitSession, RefusesWhatTheHostLacks) {
  const std::vector<std::string> available = host_isas();
  for (const char* isa : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    if (std::find(available.begin(), available.end(), isa) != available.end()) continue;
    EXPECT_THROW(runtime::jit_engine().compile(std::make_shared<program::Program>(), {.isa = isa}), CompileError);
  }
}

TEST(JitSession, CodePagesAreNotWritable) {
  const int before = executable_pages().executable;
  const auto executable = compile(shifted(0.25f, 8));
  const Pages pages = executable_pages();
  EXPECT_GT(pages.executable, before);
  EXPECT_FALSE(pages.writable_too);
}

TEST(JitSession, MemoryReturnsWithTheExecutable) {
  compile(shifted(0.5f, 8));
  const int before = executable_pages().executable;
  for (int i = 0; i < 60; ++i) compile(shifted(static_cast<float>(i) + 1000.0f, 8));
  EXPECT_LE(executable_pages().executable, before + 1);
}

TEST(JitSession, EqualProgramsHaveCodeOfTheirOwn) {
  const auto first = compile(shifted(7.0f, 8)), second = compile(shifted(7.0f, 8));
  EXPECT_NE(reinterpret_cast<void*>(first->kernel(0).native), reinterpret_cast<void*>(second->kernel(0).native));
  EXPECT_EQ(difference(evaluate(shifted(7.0f, 100), true), run(shifted(7.0f, 100), "native")), "");
}

/// Results beyond 32 MiB take another kind of store, if they are aligned.
TEST(JitSession, LargeResultsAreStreamed) {
  for (std::int64_t start : {0, 1}) {
    const std::int64_t n = (std::int64_t{9} << 20) + 5;
    Bench bench = shifted(0.25f, n + 1);
    bench.extents = {n};
    bench.operands[1].start = start;
    for (const std::string& isa : host_isas()) {
      const std::vector<Operand> result = run(bench, isa);
      std::int64_t wrong = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        const float expected = std::bit_cast<float>(static_cast<std::uint32_t>(bench.operands[0].get(i))) + 0.25f;
        const float actual = std::bit_cast<float>(static_cast<std::uint32_t>(result[1].get(start + i)));
        wrong += expected != actual && (expected == expected || actual == actual);
      }
      EXPECT_EQ(wrong, 0) << isa << " from element " << start;
    }
  }
}

TEST(JitSession, ManyThreadsCompileAndRun) {
  std::vector<std::string> failures(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < failures.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 12 && failures[t].empty(); ++i) {
        const Bench bench = shifted(static_cast<float>(i % 8) - static_cast<float>(t % 2) * 100, 100 + i);
        for (const std::string& isa : host_isas()) failures[t] += difference(evaluate(bench, true), run(bench, isa));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
}

TEST(JitSession, ShowsItsCode) {
  auto program = std::make_shared<program::Program>();
  program->kernels.push_back({});
  program->kernels[0].body = std::get<program::LoopKernel>(shifted(1.0f, 8).kernel);
  program->kernels[0].name = "shift+1";
  EXPECT_NE(runtime::jit_engine().llvm_ir(program, {}).find("define void @k0_shift_1("), std::string::npos);
  EXPECT_NE(runtime::jit_engine().assembly(program, {}).find("k0_shift_1:"), std::string::npos);
  EXPECT_NE(runtime::jit_engine().describe_host().find("LLVM"), std::string::npos);
}

}  // namespace
}  // namespace actinium::testing
