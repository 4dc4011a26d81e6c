#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "device.hpp"
#include "device/exact_search.hpp"
#include "model/device_encoder.hpp"
#include "model/precision.hpp"
#include "model/sentence_model.hpp"
#include "stages/embed/embedder.hpp"

namespace dream::bench {
namespace {

/// Words that most vocabularies have, and some that they cut.
std::vector<std::string> make_texts(std::int64_t count, std::int64_t words) {
  static const std::vector<std::string> vocabulary{"the",  "largest", "town", "river",  "of", "is",
                                                   "a",    "valley",  "ore",  "a",      "b",  "c",
                                                   "made", "near",    "and",  "harbour"};
  std::mt19937 random(3);
  std::vector<std::string> texts(static_cast<std::size_t>(count));
  for (auto& text : texts)
    for (std::int64_t i = 0; i < words; ++i) text += vocabulary[random() % vocabulary.size()] + " ";
  return texts;
}

std::unique_ptr<embed::Embedder> load(const std::string& model, const std::string& precision,
                                      const model::Compute& compute) {
  const auto* const row = embed::embedder_row("transformer");
  auto params = defaults_of(row->info);
  params.set("path", model);
  params.set("precision", precision);
  return row->make(params, compute);
}

Matrix embed_all(const embed::Embedder& embedder, const std::vector<std::string>& texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  Matrix out(std::ssize(texts), embedder.dimension());
  embedder.embed(views, embed::Role::passage, out.view(), no_pulse());
  return out;
}

double least_cosine(const Matrix& a, const Matrix& b) {
  double least = 1;
  for (std::int64_t r = 0; r < a.rows; ++r) {
    double dot = 0, aa = 0, bb = 0;
    for (std::size_t c = 0; c < a.row(r).size(); ++c) {
      dot += double{a.row(r)[c]} * b.row(r)[c];
      aa += double{a.row(r)[c]} * a.row(r)[c];
      bb += double{b.row(r)[c]} * b.row(r)[c];
    }
    const auto cosine = dot / std::sqrt(aa * bb);
    least = std::isnan(cosine) ? -1 : std::min(least, cosine);
  }
  return least;
}

double seconds(int runs, const std::function<void()>& work) {
  work();
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::nth_element(times, times.begin() + std::ssize(times) / 2);
  return times[times.size() / 2];
}

/// What the model's products and attention need for a text of n tokens, in additions and multiplications.
double flops(const model::Network& net, double n) {
  const auto c = static_cast<double>(net.hidden), i = static_cast<double>(net.intermediate);
  return static_cast<double>(net.layers) * (2 * n * (4 * c * c + 2 * c * i) + 4 * n * n * c);
}

}  // namespace

std::shared_ptr<device::Accelerator> open(const std::string& backend) {
  const auto* const row = device::backend_row(backend);
  if (row == nullptr) throw ConfigError("--backend " + backend + " is unknown; cuda or twin");
  if (const auto refusal = row->refusal()) throw Error(refusal->code, refusal->text);
  const auto gpus = row->find();
  if (const auto refusal = device::refusal_of_gpus(gpus, backend)) throw Error(refusal->code, refusal->text);
  return row->open(gpus.list.front());
}

std::vector<float> numbers(std::int64_t count, unsigned seed, float scale) {
  std::vector<float> result(static_cast<std::size_t>(count));
  std::uint64_t state = seed;
  for (float& v : result) {  // quick, since a search takes billions of them
    state = state * 6364136223846793005U + 1442695040888963407U;
    v = scale * (static_cast<float>(state >> 40U) * 0x1p-23F - 1.0F);
  }
  return result;
}

double seconds_of(device::Accelerator& accelerator, int runs, const std::function<void()>& work) {
  return seconds(runs, [&] {
    work();
    accelerator.wait(accelerator.mark(), no_pulse());
  });
}

bool check_parity(const std::shared_ptr<device::Accelerator>& accelerator, const std::string& model,
                  std::int64_t batch_tokens) {
  auto texts = make_texts(24, 12);
  texts.emplace_back("a");
  texts.emplace_back(make_texts(1, 60).front());
  const auto expected = embed_all(*load(model, "fp32", 2), texts);
  bool good = true;
  for (const auto& [precision, least] : {std::pair{"fp32", 0.9999}, {"bf16", 0.9995}, {"fp16", 0.9995}}) {
    model::Compute compute(2);
    compute.accelerator = accelerator;
    compute.batch_tokens = batch_tokens;
    const auto cosine = least_cosine(embed_all(*load(model, precision, compute), texts), expected);
    fmt::print("  parity with the CPU, {}: least cosine {:.6f} of {} {}\n", precision, cosine, least,
               cosine >= least ? "ok" : "WRONG");
    good = good && cosine >= least;
  }
  return good;
}

void measure_model(const std::shared_ptr<device::Accelerator>& accelerator, const std::string& model,
                   const std::string& precision, std::int64_t length, std::int64_t batches, int threads,
                   std::int64_t batch_tokens) {
  constexpr int runs = 3;
  const auto spec = model::read_sentence_model(model);
  const auto n = std::min(length, spec.window);
  const auto texts = std::max<std::int64_t>(1, batch_tokens / n) * batches;
  const auto tokens = static_cast<double>(texts * n);
  double kernels = 0;
  {
    const auto before = accelerator->bytes_in_use();
    const model::DeviceEncoder encoder(
        {spec.network, std::make_shared<const model::WeightFiles>(spec.folder)}, spec.head(), spec.window,
        {model::choose_element(precision), std::max(batch_tokens, spec.window)}, accelerator);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(texts * n));
    for (std::size_t i = 0; i < ids.size(); ++i)
      ids[i] = static_cast<std::int32_t>(i * 7 % static_cast<std::size_t>(spec.network.vocabulary));
    std::vector<std::int64_t> offsets;
    for (std::int64_t s = 0; s <= texts; ++s) offsets.push_back(s * n);
    Matrix out(texts, spec.outputs());
    kernels =
        seconds(runs, [&] { encoder.encode({.ids = ids, .offsets = offsets}, out.view(), no_pulse()); });
    fmt::print(
        "  {} {}: {} texts of {} tokens: {:.4f} s, {:.0f} tokens/s, {:.1f} TFLOP/s, {:.0f} MiB of the GPU\n",
        model, precision, texts, n, kernels, tokens / kernels,
        static_cast<double>(texts) * flops(spec.network, static_cast<double>(n)) / kernels / 1e12,
        static_cast<double>(accelerator->bytes_in_use() - before) / (1 << 20));
  }
  model::Compute compute(threads);
  compute.accelerator = accelerator;
  compute.batch_tokens = batch_tokens;
  const auto embedder = load(model, precision, compute);
  const auto some = make_texts(texts, n - 2);
  const auto whole = seconds(runs, [&] { (void)embed_all(*embedder, some); });
  fmt::print(
      "  {} {}: text to vector on {} threads: {:.4f} s, {:.0f} texts/s, {:.0f} % of the kernels' rate\n",
      model, precision, threads, whole, static_cast<double>(texts) / whole, 100 * kernels / whole);
  const auto one = make_texts(1, 10);
  const auto alone = seconds(20, [&] { (void)embed_all(*embedder, one); });
  fmt::print("  {} {}: one short text: {:.0f} us\n", model, precision, 1e6 * alone);
}

void measure_search(const std::shared_ptr<device::Accelerator>& accelerator, std::int64_t rows,
                    std::int64_t columns) {
  constexpr std::int64_t questions = 1024, k = 100;
  constexpr int runs = 3;
  const auto vectors = numbers(rows * columns, 1), asked = numbers(questions * columns, 2);
  std::vector<float> raw(questions * k), exact(raw.size());
  std::vector<std::int64_t> found(raw.size());
  for (const std::int64_t tile : {2048, 4096, 8192}) {
    if (tile != 4096 && rows < 1'000'000) continue;
    device::ExactSearch search(accelerator, {vectors.data(), rows, columns}, {.tile = tile}, no_pulse());
    const auto whole = seconds(runs, [&] {
      search.find({asked.data(), questions, columns}, k, raw, exact, found, no_pulse());
    });
    fmt::print("  top-{} of {} x {} fp16, {} questions, tiles of {}: {:.4f} s\n", k, rows, columns, questions,
               tile, whole);
  }
  // The products of the same search and nothing else, in tiles as large as suit them.
  constexpr std::int64_t tile = 65536;
  const auto wide = (columns + 7) / 8 * 8, used = std::min(tile, rows);
  const auto x = accelerator->memory(questions * wide * 2), weights = accelerator->memory(rows * wide * 2),
             y = accelerator->memory(questions * used * 4);
  const auto alone = seconds_of(*accelerator, runs, [&] {
    for (std::int64_t first = 0; first < rows; first += tile) {
      accelerator->multiply({.x = x.get(),
                             .weights = weights.get() + first * wide * 2,
                             .y = y.get(),
                             .rows = questions,
                             .inputs = wide,
                             .outputs = std::min(tile, rows - first),
                             .to_floats = true},
                            kernels::Element::fp16);
    }
  });
  fmt::print("  the scores alone: {:.4f} s\n", alone);
}

}  // namespace dream::bench
