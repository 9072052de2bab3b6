// A network written as expressions learns to read handwritten digits: 64-64-64-10, softmax cross-entropy, Adam in mini-batches.
// Run it with --activation NAME to use any activation of the catalogue, with --help for the rest.
#include <actinium/actinium.h>
#include <zlib.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "compiled.hpp"

namespace ac = actinium;

template <class T>
struct Dense {
  BOOST_HANA_DEFINE_STRUCT(Dense, (T, weight), (T, bias));
};
template <class T>
struct Mlp {
  BOOST_HANA_DEFINE_STRUCT(Mlp, (Dense<T>, first), (Dense<T>, second), (Dense<T>, out));
};

struct Options {
  std::string activation = "silu", data = "examples/data/digits.csv.gz";
  int epochs = 30;
  std::uint64_t seed = 1;
  bool quiet = false, custom = true;
  ac::CompileOptions compile;
};

struct Images {
  std::vector<float> pixels;  // 64 an image, 0 to 1
  std::vector<std::int32_t> labels;
  std::int64_t count() const { return static_cast<std::int64_t>(labels.size()); }
  void add(const float* image, std::int32_t label) {
    pixels.insert(pixels.end(), image, image + 64);
    labels.push_back(label);
  }
};

/// Lines of 64 numbers from 0 to 16 and the digit, gzipped; every fifth image is for the test.
void read_images(const std::string& path, Images& train, Images& test) {
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw ac::IoError(path + ": cannot be read; name the file with --data PATH");
  char line[1024];
  for (int row = 0; gzgets(file, line, sizeof line) != nullptr; ++row) {
    float image[64];
    char* at = line;
    for (float& pixel : image) {
      pixel = std::strtof(at, &at) / 16.0f;
      if (*at++ != ',') throw ac::IoError(path + ":" + std::to_string(row + 1) + ": a line has 64 pixels and a digit");
    }
    (row % 5 == 4 ? test : train).add(image, static_cast<std::int32_t>(std::strtol(at, nullptr, 10)));
  }
  gzclose(file);
}

struct Model {
  ac::Activation activation;

  ac::Expr logits(const Mlp<ac::Expr>& p, const ac::Expr& x) const {
    const auto h1 = activation(matmul(x, p.first.weight) + p.first.bias);
    const auto h2 = activation(matmul(h1, p.second.weight) + p.second.bias);
    return matmul(h2, p.out.weight) + p.out.bias;
  }
  ac::Expr loss(const Mlp<ac::Expr>& p, const ac::Expr& x, const ac::Expr& label) const {
    return mean(softmax_cross_entropy(logits(p, x), label));
  }
};

Dense<ac::Tensor> initial(std::uint64_t seed, int in, int out) {
  return {ac::glorot_uniform(seed, in, out), ac::Tensor::zeros({out})};
}

/// A number that depends on every bit of the parameters (FNV-1a): the same for any engine and any number of threads.
std::uint64_t fingerprint(const Mlp<ac::Tensor>& params) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  ac::for_each_leaf(params, [&](const std::string&, const ac::Tensor& t) {
    const auto* bytes = static_cast<const unsigned char*>(t.raw());
    for (std::size_t i = 0; i < t.bytes(); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  });
  return hash;
}

template <class Predict>
double accuracy(const Predict& predict, const Mlp<ac::Tensor>& params, const Images& images) {
  const ac::Tensor digits = predict(params, images.pixels);
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < images.count(); ++i) right += digits(i) == images.labels[static_cast<std::size_t>(i)];
  return static_cast<double>(right) / static_cast<double>(images.count());
}

double train_network(const ac::Activation& activation, const Images& train, const Images& test, const Options& options) {
  constexpr std::int64_t batch = 32;
  Mlp<ac::Tensor> params{initial(options.seed, 64, 64), initial(options.seed + 1, 64, 64), initial(options.seed + 2, 64, 10)};
  ac::AdamState<Mlp<ac::Tensor>> state;

  const Model model{activation};
  const auto loss = [&](const Mlp<ac::Expr>& p, ac::Expr x, ac::Expr label) { return model.loss(p, x, label); };
  const auto digit = [&](const Mlp<ac::Expr>& p, ac::Expr x) { return argmax(model.logits(p, x), 1); };
  const auto x = ac::spec({"batch", 64});
  const auto step = ac::compile_with(options.compile, ac::value_and_grad(loss), params, x, ac::spec({"batch"}, ac::i32));
  const auto predict = ac::compile_with(options.compile, digit, params, x);

  const auto start = std::chrono::steady_clock::now();
  double best = 0;
  Images mini;
  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    const auto order = ac::random_permutation(options.seed * 1000 + static_cast<std::uint64_t>(epoch), train.count());
    const double rate = 3e-3 * (options.epochs - epoch + 1) / options.epochs;  // falls linearly: the last steps settle
    double total = 0;
    for (std::int64_t first = 0; first < train.count(); first += batch) {
      mini.pixels.clear();
      mini.labels.clear();
      for (std::int64_t i = first; i < std::min(first + batch, train.count()); ++i) {
        const auto image = static_cast<std::size_t>(order[static_cast<std::size_t>(i)]);
        mini.add(&train.pixels[image * 64], train.labels[image]);
      }
      const auto [value, grads] = step(params, mini.pixels, mini.labels);
      ac::adam(params, grads, state, {.learning_rate = rate});
      total += value.item() * static_cast<double>(mini.count());
    }
    best = accuracy(predict, params, test);
    if (options.quiet) continue;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("epoch %2d  loss %.4f  test accuracy %.2f %%  %.2f s\n", epoch, total / static_cast<double>(train.count()),
                100 * best, seconds);
    std::fflush(stdout);
  }
  if (!options.quiet) {
    compiled("a step of learning", step);
    std::printf("parameters: %lld, fingerprint %016llx\n", static_cast<long long>(ac::parameter_count(params)),
                static_cast<unsigned long long>(fingerprint(params)));
  }
  return best;
}

constexpr const char* help = R"help(usage: digits [--activation NAME] [--epochs N] [--seed N] [--engine jit|interpret]
              [--isa ISA] [--threads N] [--data FILE] [--no-custom] [--quiet]
Trains a 64-64-64-10 network on 8x8 images of handwritten digits. NAME is any activation of the
catalogue, with parameters if you like: --activation "leaky_relu(negative_slope=0.2)".
)help";

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    auto value = [&]() -> std::string {
      if (i + 1 == argc) throw ac::ValueError(name + " needs a value; see --help");
      return argv[++i];
    };
    if (name == "--help") {
      std::cout << help;
      std::exit(0);
    } else if (name == "--activation") {
      o.activation = value();
    } else if (name == "--epochs") {
      o.epochs = std::atoi(value().c_str());
    } else if (name == "--seed") {
      o.seed = static_cast<std::uint64_t>(std::atoll(value().c_str()));
    } else if (name == "--threads") {
      o.compile.threads = std::atoi(value().c_str());
    } else if (name == "--isa") {
      o.compile.isa = value();
    } else if (name == "--data") {
      o.data = value();
    } else if (name == "--engine") {
      const std::string engine = value();
      if (engine != "jit" && engine != "interpret") throw ac::ValueError("--engine is jit or interpret, not " + engine);
      o.compile.engine = engine == "jit" ? ac::Engine::jit : ac::Engine::interpret;
    } else if (name == "--no-custom") {
      o.custom = false;
    } else if (name == "--quiet") {
      o.quiet = true;
    } else {
      throw ac::ValueError("unknown option " + name + "; see --help");
    }
  }
  return o;
}

int main(int argc, char** argv) try {
  Options options = parse(argc, argv);
  Images train, test;
  read_images(options.data, train, test);
  const auto activation = ac::activation(options.activation);
  std::printf("%lld images to learn from, %lld to be tested on; activation %s\n", static_cast<long long>(train.count()),
              static_cast<long long>(test.count()), activation.name().c_str());
  const double learned = train_network(activation, train, test, options);
  std::printf("%s reads %.2f %% of the test digits\n", activation.name().c_str(), 100 * learned);
  if (!options.custom) return 0;

  // A custom activation is just another expression, and its derivative is generated.
  const auto ripple = ac::define("ripple", [](ac::Expr x, ac::Expr depth) { return x * sigmoid(1.5 * x) + depth * sin(x); },
                                 {{"depth", 0.1}});
  options.quiet = true;
  std::printf("%s, a custom activation, reads %.2f %%\n", ripple.name().c_str(),
              100 * train_network(ripple, train, test, options));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "digits: " << error.what() << "\n";
  return 2;
}
