#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "device.hpp"
#include "device/exact_search.hpp"
#include "kernels/api/device_kernels.hpp"
#include "kernels/dot/dot.hpp"

namespace dream::bench {
namespace {

using namespace kernels;

constexpr Element elements[] = {Element::fp32, Element::bf16, Element::fp16};

/// Values on the accelerator, as they are on the host.
template <class T>
class Here {
 public:
  Here(device::Accelerator& on, std::vector<T> values) : on_(on), values_(std::move(values)) {
    there_ = on_.memory(std::max<std::int64_t>(bytes(), 1));
    on_.copy_in(there_.get(), values_.data(), bytes());
    on_.wait(on_.mark(), no_pulse());
  }
  [[nodiscard]] T* there() const { return reinterpret_cast<T*>(there_.get()); }
  [[nodiscard]] const T* here() const { return values_.data(); }
  [[nodiscard]] T* here() { return values_.data(); }
  /// What the accelerator has made of them.
  [[nodiscard]] std::vector<T> found() const {
    std::vector<T> result(values_.size());
    on_.copy_out(result.data(), there_.get(), bytes());
    on_.wait(on_.mark(), no_pulse());
    return result;
  }
  [[nodiscard]] const std::vector<T>& values() const { return values_; }

 private:
  [[nodiscard]] std::int64_t bytes() const {
    return std::ssize(values_) * static_cast<std::int64_t>(sizeof(T));
  }
  device::Accelerator& on_;
  std::vector<T> values_;
  device::Memory there_;
};

using Bytes = Here<std::byte>;

std::vector<std::byte> stored(Element element, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * static_cast<std::size_t>(bytes_of(element)));
  for (std::int64_t i = 0; i < std::ssize(values); ++i)
    store(element, bytes.data(), i, values[static_cast<std::size_t>(i)]);
  return bytes;
}

std::vector<float> loaded(Element element, const std::vector<std::byte>& bytes) {
  std::vector<float> values(bytes.size() / static_cast<std::size_t>(bytes_of(element)));
  for (std::int64_t i = 0; i < std::ssize(values); ++i)
    values[static_cast<std::size_t>(i)] = load(element, bytes.data(), i);
  return values;
}

double worst(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double off = std::abs(double{a[i]} - b[i]);
    if (!(off <= most)) most = std::isnan(off) ? std::numeric_limits<double>::infinity() : off;
  }
  return most;
}

/// How far a stored value of that size may be off by the rounding of both sides.
double rounding(Element element, double size) {
  return element == Element::fp32 ? 0 : size * (element == Element::bf16 ? 0x1p-7 : 0x1p-10);
}

/// Worst difference of each kernel over all its cases, and how much of it is allowed.
class Checks {
 public:
  explicit Checks(std::shared_ptr<device::Accelerator> on) : on_(std::move(on)) {}

  void embedding(Element element, std::int64_t rows, std::int64_t columns) {
    const Here<float> scale(*on_, numbers(columns, 1)), shift(*on_, numbers(columns, 2)),
        positions(*on_, numbers(5 * columns, 3));
    const Bytes words(*on_, stored(element, numbers(7 * columns, 4)));
    std::vector<std::int32_t> ids, places;
    for (std::int32_t r = 0; r < rows; ++r) {
      ids.push_back((r * 3 + 6) % 7);
      places.push_back(r % 5);
    }
    const Here<std::int32_t> its_ids(*on_, ids), its_places(*on_, places);
    Here<float> x(*on_, std::vector<float>(static_cast<std::size_t>(rows * columns)));
    Bytes rounded(*on_, stored(element, x.values()));
    kernels().embedding({its_ids.there(),
                         its_places.there(),
                         words.there(),
                         positions.there(),
                         {scale.there(), shift.there(), 1e-12F},
                         rows,
                         columns,
                         x.there(),
                         rounded.there()},
                        element, on_->stream());
    const auto found = x.found();
    reference::embedding({its_ids.here(),
                          its_places.here(),
                          words.here(),
                          positions.here(),
                          {scale.here(), shift.here(), 1e-12F},
                          rows,
                          columns,
                          x.here(),
                          rounded.here()},
                         element);
    note("embedding", element, worst(found, x.values()), 5e-5);
    note("embedding rounded", element,
         worst(loaded(element, rounded.found()), loaded(element, rounded.values())),
         5e-5 + rounding(element, 8));
  }

  void residual_norm(Element element, std::int64_t rows, std::int64_t columns) {
    const Here<float> scale(*on_, numbers(columns, 1)), shift(*on_, numbers(columns, 2));
    const Bytes y(*on_, stored(element, numbers(rows * columns, 5)));
    Here<float> x(*on_, numbers(rows * columns, 6));
    Bytes rounded(*on_, stored(element, x.values()));
    kernels().residual_norm(
        {x.there(), y.there(), {scale.there(), shift.there(), 1e-12F}, rows, columns, rounded.there()},
        element, on_->stream());
    const auto found = x.found();
    reference::residual_norm(
        {x.here(), y.here(), {scale.here(), shift.here(), 1e-12F}, rows, columns, rounded.here()}, element);
    note("residual_norm", element, worst(found, x.values()), 5e-5);
  }

  void activate(Element element, std::int64_t rows, std::int64_t columns) {
    for (const auto activation : {Activation::gelu, Activation::gelu_tanh, Activation::relu}) {
      const Here<float> bias(*on_, numbers(columns, 7));
      Bytes y(*on_, stored(element, numbers(rows * columns, 8, 4)));
      kernels().activate({y.there(), bias.there(), activation, rows, columns}, element, on_->stream());
      const auto found = loaded(element, y.found());
      reference::activate({y.here(), bias.here(), activation, rows, columns}, element);
      note("activate", element, worst(found, loaded(element, y.values())), 1e-5 + rounding(element, 5));
    }
  }

  void attention(Element element, const std::vector<std::int64_t>& lengths, std::int64_t heads,
                 std::int64_t size) {
    std::vector<std::int64_t> ends{0};
    for (const auto n : lengths) ends.push_back(ends.back() + n);
    const auto longest = *std::ranges::max_element(lengths), columns = heads * size;
    const Here<std::int64_t> offsets(*on_, ends);
    const Bytes qkv(*on_, stored(element, numbers(ends.back() * 3 * columns, 9, 6)));
    const Here<float> bias(*on_, numbers(heads * (2 * longest + 1), 10));
    Bytes out(*on_, stored(element, std::vector<float>(static_cast<std::size_t>(ends.back() * columns))));
    kernels().sequence_attention({qkv.there(), offsets.there(), bias.there(), longest + 1,
                                  std::ssize(lengths), longest, heads, columns, out.there()},
                                 element, on_->stream());
    const auto found = loaded(element, out.found());
    reference::sequence_attention({qkv.here(), offsets.here(), bias.here(), longest + 1, std::ssize(lengths),
                                   longest, heads, columns, out.here()},
                                  element);
    note("sequence_attention", element, worst(found, loaded(element, out.values())),
         6e-5 + rounding(element, 6));
  }

  void pool(std::int64_t columns) {
    const Here<std::int64_t> offsets(*on_, {0, 1, 1, 8, 12});
    const Here<float> x(*on_, numbers(12 * columns, 11));
    for (const auto pooling : {Pooling::mean, Pooling::first, Pooling::max, Pooling::last,
                               Pooling::weighted_mean, Pooling::mean_sqrt_length}) {
      Here<float> out(*on_, std::vector<float>(static_cast<std::size_t>(4 * (columns + 3)), -1.0F));
      kernels().sequence_pool({x.there(), offsets.there(), 4, columns, 1, pooling, out.there(), columns + 3},
                              on_->stream());
      const auto found = out.found();
      reference::sequence_pool({x.here(), offsets.here(), 4, columns, 1, pooling, out.here(), columns + 3});
      note("sequence_pool", worst(found, out.values()), 1e-5);
    }
    Here<float> rows(*on_, numbers(3 * columns, 12));
    kernels().normalise_rows({rows.there(), 3, columns}, on_->stream());
    const auto found = rows.found();
    reference::normalise_rows({rows.here(), 3, columns});
    note("normalise_rows", worst(found, rows.values()), 1e-6);
  }

  void search(std::int64_t columns, std::int64_t k) {
    const Here<float> scores(*on_, numbers(2 * columns, 13));
    Here<Hit> best(*on_, std::vector<Hit>(static_cast<std::size_t>(2 * k)));
    kernels().top_k({scores.there(), 2, columns, 5, k, best.there()}, on_->stream());
    const auto found = best.found();
    reference::top_k({scores.here(), 2, columns, 5, k, best.here()});
    note("top_k", found == best.values() ? 0 : 1, 0);

    const Here<float> questions(*on_, numbers(2 * 33, 14)), vectors(*on_, numbers((columns + 5) * 33, 15));
    Here<float> exact(*on_, std::vector<float>(static_cast<std::size_t>(2 * k)));
    kernels().rescore({questions.there(), vectors.there(), best.there(), 2, k, 33, exact.there()},
                      on_->stream());
    const auto bits = exact.found();
    reference::rescore({questions.here(), vectors.here(), best.here(), 2, k, 33, exact.here()});
    note("rescore", bits == exact.values() ? 0 : 1, 0);  // bit by bit
  }

  void round(Element element) {
    const Here<float> from(*on_, numbers(3 * 37, 16));
    Bytes to(*on_, stored(element, std::vector<float>(3 * 40, 1.0F)));
    kernels().round_rows({from.there(), 3, 37, 40, to.there()}, element, on_->stream());
    const auto found = to.found();
    reference::round_rows({from.here(), 3, 37, 40, to.here()}, element);
    note("round_rows", element, found == to.values() ? 0 : 1, 0);
  }

  void product(Element element, std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
    const Bytes x(*on_, stored(element, numbers(rows * inputs, 17))),
        weights(*on_, stored(element, numbers(outputs * inputs, 18))),
        bias(*on_, stored(element, numbers(outputs, 19)));
    const auto w = loaded(element, weights.values()), b = loaded(element, bias.values()),
               from = loaded(element, x.values());
    for (const auto then : {Then::store, Then::relu, Then::gelu_tanh}) {
      Bytes y(*on_, stored(element, std::vector<float>(static_cast<std::size_t>(rows * outputs))));
      on_->multiply({x.there(), weights.there(), bias.there(), y.there(), rows, inputs, outputs, then},
                    element);
      std::vector<float> expected(static_cast<std::size_t>(rows * outputs));
      reference::linear({{w.data(), outputs, inputs}, b}, {from.data(), rows, inputs},
                        {expected.data(), rows, outputs}, then);
      note("product", element, worst(loaded(element, y.found()), expected), 2e-4 + rounding(element, 16));
    }
  }

  bool print() const {
    bool good = true;
    for (const auto& [what, off, allowed] : rows_) {
      fmt::print("  {:<24} worst {:.2e} of {:.2e} {}\n", what, off, allowed, off <= allowed ? "ok" : "WRONG");
      good = good && off <= allowed;
    }
    return good;
  }

 private:
  struct Row {
    std::string what;
    double worst, allowed;
  };
  const DeviceKernels& kernels() const { return on_->kernels(); }
  void note(const std::string& kernel, Element element, double off, double allowed) {
    note(fmt::format("{}, {}", kernel, name_of(element)), off, allowed);
  }
  void note(const std::string& what, double off, double allowed) {
    const auto row = std::ranges::find(rows_, what, &Row::what);
    if (row == rows_.end())
      rows_.push_back({what, off, allowed});
    else
      row->worst = std::max(row->worst, off);
  }

  std::shared_ptr<device::Accelerator> on_;
  std::vector<Row> rows_;
};

}  // namespace

bool check_kernels(const std::shared_ptr<device::Accelerator>& accelerator) {
  Checks checks(accelerator);
  for (const auto element : elements) {
    for (const std::int64_t columns : {1, 33, 384, 1025}) {
      checks.embedding(element, 6, columns);
      checks.residual_norm(element, 6, columns);
      checks.activate(element, 3, columns);
    }
    for (const std::int64_t size : {1, 32, 64, 248}) checks.attention(element, {1, 31, 32, 33, 70}, 2, size);
    checks.round(element);
    checks.product(element, 24, 32, 48);
    checks.product(element, 128, 384, 96);
  }
  for (const std::int64_t columns : {1, 130, 384}) checks.pool(columns);
  for (const std::int64_t columns : {1, 511, 3001})
    for (const std::int64_t k : {1, 100, 513}) checks.search(columns, k);
  return checks.print();
}

bool check_search(const std::shared_ptr<device::Accelerator>& accelerator) {
  constexpr std::int64_t rows = 700, columns = 50, questions = 5, k = 40;
  const auto vectors = numbers(rows * columns, 20), asked = numbers(questions * columns, 21);
  bool good = true;
  for (const auto element : elements) {
    device::ExactSearch search(accelerator, {vectors.data(), rows, columns}, {element, 3, 128}, no_pulse());
    std::vector<float> raw(questions * k), exact(raw.size());
    std::vector<std::int64_t> found(raw.size());
    search.find({asked.data(), questions, columns}, k, raw, exact, found, no_pulse());
    bool right = true;
    for (std::int64_t q = 0; q < questions; ++q) {
      const std::span<const float> question(asked.data() + q * columns, columns);
      std::vector<Hit> hits;
      for (std::int64_t r = 0; r < rows; ++r)
        hits.push_back(hit_of(dot_reference(question, {vectors.data() + r * columns, columns}),
                              static_cast<std::uint32_t>(r)));
      std::ranges::sort(hits, std::greater());
      const auto first = static_cast<std::size_t>(q * k);
      // Rounding may exchange neighbours; the best quarter must be among all that were found.
      for (std::size_t i = 0; i < k / 4; ++i)
        right = right && std::find(found.begin() + q * k, found.begin() + (q + 1) * k,
                                   std::int64_t{index_of(hits[i])}) != found.begin() + (q + 1) * k;
      for (std::size_t i = first; i < first + k; ++i)
        right = right && exact[i] == dot_reference(question, {vectors.data() + found[i] * columns, columns});
    }
    fmt::print("  exact search, {:<12} {}\n", name_of(element), right ? "ok" : "WRONG");
    good = good && right;
  }
  return good;
}

}  // namespace dream::bench
