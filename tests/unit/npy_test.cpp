// .npy and .npz: what NumPy writes is read, what is written reads back, and damaged files are refused with the reason.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "actinium/error.h"
#include "actinium/io.h"
#include "actinium/structs.h"

namespace actinium {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("actinium_npy_" + std::to_string(::getpid()));
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }
  std::string path(const std::string& name) const { return directory_ / name; }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  static std::string bytes_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t count() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), {})); }
  fs::path directory_;
};

/// As NumPy writes it; version 1, 2 or 3.
std::string npy(const std::string& dict, const std::string& data, int version = 1) {
  std::string header = dict;
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string bytes = std::string("\x93NUMPY") + static_cast<char>(version) + '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return bytes + header + data;
}
std::string dict(const std::string& descr, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
}
template <class T>
std::string raw(std::initializer_list<T> values) {
  std::string s;
  for (const T& v : values) s.append(reinterpret_cast<const char*>(&v), sizeof v);
  return s;
}

TEST_F(Files, EveryTypeAndShapeReadsBack) {
  const Tensor scalars[] = {Tensor::scalar(1.5), Tensor::scalar(-3, i32), Tensor::scalar(1, boolean),
                            Tensor::scalar(0.1, f32), Tensor::scalar(7, i64)};
  for (const Tensor& t : scalars) {
    save_npy(path("s.npy"), t);
    EXPECT_TRUE(same_bits(load_npy(path("s.npy")), t));
  }
  const Tensor arrays[] = {Tensor{{1.0, 2.0}, {3.0, std::numeric_limits<double>::quiet_NaN()}}, Tensor{1, 2, 3},
                           Tensor::zeros({2, 0, 4}), Tensor::arange(12).reshape(Shape{2, 3, 2}),
                           Tensor::zeros({1, 1, 1, 1, 1, 1, 1, 2}, boolean)};
  for (const Tensor& t : arrays) {
    save_npy(path("a.npy"), t);
    const Tensor back = load_npy(path("a.npy"));
    EXPECT_EQ(back.dtype(), t.dtype());
    EXPECT_TRUE(same_bits(back, t)) << t;
  }
  EXPECT_EQ(count(), 2u);  // no temporary file is left
}

TEST_F(Files, WritesWhatNumPyWrites) {
  save_npy(path("a.npy"), Tensor{{1, 2, 3}, {4, 5, 6}});
  const std::string expected = npy(dict("<i4", "(2, 3)"), raw<std::int32_t>({1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(bytes_of(path("a.npy")), expected);
}

TEST_F(Files, VersionsOrdersAndByteOrders) {
  const std::string data = raw<float>({1, 2, 3, 4, 5, 6});
  for (int version : {1, 2, 3}) EXPECT_EQ(load_npy(write("v.npy", npy(dict("<f4", "(2, 3)"), data, version)))(1, 0), 4);
  const Tensor f = load_npy(write("f.npy", npy(dict("<f4", "(2, 3)", true), data)));
  EXPECT_EQ(f(0, 1), 3);
  EXPECT_EQ(f(1, 2), 6);
  EXPECT_EQ(load_npy(write("f3.npy", npy(dict("<f4", "(1, 2, 3)", true), data)))(0, 1, 0), 2);
  std::string swapped = data;
  for (std::size_t i = 0; i < swapped.size(); i += 4)
    std::reverse(swapped.begin() + static_cast<long>(i), swapped.begin() + static_cast<long>(i) + 4);
  EXPECT_EQ(load_npy(write("b.npy", npy(dict(">f4", "(2, 3)"), swapped)))(1, 2), 6);
  EXPECT_EQ(load_npy(write("n.npy", npy("{\"shape\":(3,),\"fortran_order\":False,\"descr\":\"<i8\"}",
                                        raw<std::int64_t>({1, 2, 3}))))(2),
            3);
  EXPECT_EQ(load_npy(write("t.npy", npy(dict("|b1", "(3,)"), std::string("\x00\x02\x01", 3))))(1),
            1);  // true is one value
}

TEST_F(Files, DamagedFilesSayWhatIsWrong) {
  const std::string data = raw<float>({1, 2, 3, 4, 5, 6});
  const std::string good = npy(dict("<f4", "(2, 3)"), data);
  struct Row {
    std::string bytes;
    const char* part;
  };
  const Row rows[] = {
      {"", "not a .npy"},
      {"hello, world", "not a .npy"},
      {good.substr(0, 8), "truncated"},
      {good.substr(0, 40), "truncated in the .npy header"},
      {good.substr(0, good.size() - 1), "takes 24 bytes, 23 are there"},
      {good + "x", "1 bytes after the 24"},
      {npy(dict("<f4", "(2, 3)"), data, 4), "version 4"},
      {npy(dict("<f2", "(2, 3)"), data), "'<f2'"},
      {npy(dict("<c8", "(3,)"), data), "'<c8'"},
      {npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}", data), "structured"},
      {npy("{'descr': '<f4', 'shape': (6,)}", data), "missing"},
      {npy("{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}", data), "fortran_order"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': 1}", data), "unexpected key"},
      {npy("garbage", data), "malformed"},
      {npy(dict("<f4", "(-1, 3)"), data), "extent"},
      {npy(dict("<f4", "(2, 3)") + " 1", data), "follows"},
      {npy(dict("<f4", "(99999999999999999999,)"), data), "too large"},
      {npy(dict("<f4", "(4294967296, 4294967296)"), data), "too large"},
      {npy(dict("<f4", "(1000000000000,)"), data), "truncated"},
      {npy(dict("<f4", "(1,1,1,1,1,1,1,1,1)"), raw<float>({1})), "rank 9"},
  };
  for (const Row& row : rows) {
    const std::string file = write("bad.npy", row.bytes);
    try {
      load_npy(file);
      ADD_FAILURE() << row.part;
    } catch (const IoError& e) {
      EXPECT_NE(std::string(e.what()).find(row.part), std::string::npos) << e.what();
      EXPECT_TRUE(std::string(e.what()).starts_with(file)) << e.what();
    }
  }
  EXPECT_THROW(load_npy(path("absent.npy")), IoError);
  EXPECT_THROW(load_npy(directory_), IoError);
}

TEST_F(Files, EveryPrefixOfAFileIsRefused) {
  const std::string good = npy(dict("<f8", "(2,)"), raw<double>({1, 2}));
  for (std::size_t n = 0; n < good.size(); ++n) EXPECT_THROW(load_npy(write("p.npy", good.substr(0, n))), IoError) << n;
}

TEST_F(Files, AFailedWriteLeavesNothing) {
  EXPECT_THROW(save_npy(path("no/such/directory.npy"), Tensor{1, 2}), IoError);
  save_npy(path("kept.npy"), Tensor{1, 2});
  EXPECT_THROW(save_npy({{path("kept.npy"), Tensor{3, 4}}, {path("no/such.npy"), Tensor{5}}}), IoError);
  EXPECT_EQ(load_npy(path("kept.npy")), (Tensor{1, 2}));
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, ArchivesReadBack) {
  const std::map<std::string, Tensor> arrays{
      {"hidden.weight", Tensor{{1.0, 2.0}, {3.0, 4.0}}}, {"b", Tensor{1, 2}}, {"empty", Tensor::zeros({0, 3})}};
  save(path("a.npz"), arrays);
  const auto back = load(path("a.npz"));
  ASSERT_EQ(back.size(), arrays.size());
  for (const auto& [name, tensor] : arrays) EXPECT_TRUE(same_bits(back.at(name), tensor)) << name;
  save(path("none.npz"), {});
  EXPECT_TRUE(load(path("none.npz")).empty());
}

template <class T>
struct Layer {
  BOOST_HANA_DEFINE_STRUCT(Layer, (T, weight), (T, bias));
};
template <class T>
struct Net {
  BOOST_HANA_DEFINE_STRUCT(Net, (Layer<T>, hidden), (std::vector<T>, scales));
};

TEST_F(Files, StructsAreSavedByPath) {
  const Net<Tensor> net{{Tensor{{1.0, 2.0}}, Tensor{3.0}}, {Tensor{4.0}, Tensor{5.0}}};
  save(path("net.npz"), net);
  EXPECT_EQ(load(path("net.npz")).at("hidden.bias"), net.hidden.bias);
  Net<Tensor> back;
  back.scales.resize(2);
  load(path("net.npz"), back);
  EXPECT_EQ(back.hidden.weight, net.hidden.weight);
  EXPECT_EQ(back.scales[1], net.scales[1]);
  back.scales.resize(3);
  EXPECT_THROW(load(path("net.npz"), back), IoError);
}

TEST_F(Files, DamagedArchivesAreRefused) {
  save(path("a.npz"), {{"w", Tensor{{1.0, 2.0}, {3.0, 4.0}}}});
  const std::string good = bytes_of(path("a.npz"));
  for (std::size_t n = 0; n < good.size(); ++n) EXPECT_THROW(load(write("p.npz", good.substr(0, n))), IoError) << n;
  std::string flipped = good;
  flipped[150] = static_cast<char>(flipped[150] ^ 1);  // an element: the checksum tells
  EXPECT_THROW(load(write("f.npz", flipped)), IoError);
}

/// One member, deflated, as numpy.savez_compressed writes it.
TEST_F(Files, DeflatedMembersAreRead) {
  const std::string content = npy(dict("<f8", "(3,)"), raw<double>({1, 2, 4}));
  std::string packed(compressBound(content.size()) + 64, '\0');
  z_stream z{};
  ASSERT_EQ(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  packed.resize(z.total_out);
  deflateEnd(&z);
  const auto u16 = [](std::size_t x) {
    return std::string{static_cast<char>(x & 0xFF), static_cast<char>(x >> 8 & 0xFF)};
  };
  const auto u32 = [&](std::size_t x) { return u16(x & 0xFFFF) + u16(x >> 16); };
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
  const std::string common =
      u16(0) + u16(8) + u32(0) + u32(crc) + u32(packed.size()) + u32(content.size()) + u16(5) + u16(0);
  const std::string local = "PK\x03\x04" + u16(20) + common + "v.npy" + packed;
  const std::string central =
      "PK\x01\x02" + u16(20) + u16(20) + common + u16(0) + u16(0) + u16(0) + u32(0) + u32(0) + "v.npy";
  const std::string end =
      "PK\x05\x06" + u16(0) + u16(0) + u16(1) + u16(1) + u32(central.size()) + u32(local.size()) + u16(0);
  EXPECT_EQ(load(write("d.npz", local + central + end)).at("v"), (Tensor{1.0, 2.0, 4.0}));
}

}  // namespace
}  // namespace actinium
