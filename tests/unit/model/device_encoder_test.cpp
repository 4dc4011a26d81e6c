// The encoder of a GPU, computed by the GPU's twin on the host: against PyTorch's vectors, against the CPU's
// encoder, and against itself in other batches.
#include "model/device_encoder.hpp"

#include <cstring>
#include <numeric>

#include "base/errors.hpp"
#include "model/device_weights.hpp"
#include "model/encoder.hpp"
#include "model/sentence_model.hpp"
#include "tests/unit/model/encoder_case.hpp"

using namespace dream;
using nlohmann::json;
namespace fs = std::filesystem;
using kernels::Element;

namespace {

/// The twin, which counts what it is asked for.
class Counting final : public device::Accelerator {
 public:
  std::string numeric_class() const override { return twin_->numeric_class(); }
  const kernels::DeviceKernels& kernels() const override { return twin_->kernels(); }
  kernels::Stream stream() const override { return twin_->stream(); }
  device::Memory host_memory(std::int64_t bytes) override { return twin_->host_memory(bytes); }
  void copy_in(void* to, const void* from, std::int64_t bytes) override {
    ++in_flight;
    twin_->copy_in(to, from, bytes);
  }
  void copy_out(void* to, const void* from, std::int64_t bytes) override {
    ++in_flight;
    twin_->copy_out(to, from, bytes);
  }
  void multiply(const device::Product& product, Element element) override {
    ++products;
    twin_->multiply(product, element);
  }
  device::Recording record(const std::function<void()>& work) override {
    ++recorded;
    return twin_->record(work);
  }
  void play(const device::Recording& recording) override {
    ++played;
    twin_->play(recording);
  }
  device::Mark mark() override { return twin_->mark(); }
  void wait(const device::Mark& mark, const Pulse& pulse) override {
    twin_->wait(mark, pulse);
    in_flight = 0;
  }
  bool drain() noexcept override {
    in_flight = 0;
    return twin_->drain();
  }

  std::int64_t products = 0, recorded = 0, played = 0;
  std::int64_t in_flight = 0;  ///< copies that nobody has waited for

 private:
  device::Memory allocate(std::int64_t bytes) override { return twin_->memory(bytes); }
  std::unique_ptr<device::Accelerator> twin_ = device::make_twin_accelerator();
};

struct Loaded {
  model::SentenceModel spec;
  model::EncoderWeights weights;
  explicit Loaded(const fs::path& folder)
      : spec(model::read_sentence_model(folder)),
        weights(spec.network, std::make_shared<const model::WeightFiles>(spec.folder)) {}

  [[nodiscard]] std::unique_ptr<model::DeviceEncoder> on(std::shared_ptr<device::Accelerator> accelerator,
                                                         Element element, std::int64_t rows) const {
    return std::make_unique<model::DeviceEncoder>(weights, spec.head(), spec.window,
                                                  model::DevicePlan{element, rows}, std::move(accelerator));
  }
};

struct Batch {
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> offsets{0}, seconds;
  std::int64_t prompt = 0;
  void add(const std::vector<std::int32_t>& text) {
    ids.insert(ids.end(), text.begin(), text.end());
    offsets.push_back(std::ssize(ids));
  }
  [[nodiscard]] model::Sequences sequences() const {
    return {.ids = ids, .offsets = offsets, .seconds = seconds, .prompt = prompt};
  }
};

Batch batch_of(const json& inputs) {
  Batch batch;
  for (const auto& text : inputs["texts"]) batch.add(text.get<std::vector<std::int32_t>>());
  batch.prompt = inputs["prompt"];
  return batch;
}

template <class Encoder>
Matrix encode(const Encoder& encoder, const Batch& batch, std::int64_t columns) {
  Matrix out(std::ssize(batch.offsets) - 1, columns);
  encoder.encode(batch.sequences(), out.view(), no_pulse());
  return out;
}

double worst(std::span<const float> a, std::span<const float> b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double off = std::abs(double{a[i]} - b[i]);
    if (!(off <= most)) most = off;  // also when it is no number
  }
  return most;
}

/// Lengths 1 to 16, the window, of a TinyBert.
Batch tiny_batch(std::int64_t sequences) {
  std::mt19937 random(5);
  Batch batch;
  for (std::int64_t s = 0; s < sequences; ++s) {
    std::vector<std::int32_t> text;
    for (std::int64_t i = 0; i <= s * 5 % 16; ++i) text.push_back(static_cast<std::int32_t>(random() % 12));
    batch.add(text);
  }
  return batch;
}

Loaded tiny() {
  static const auto folder = test::TinyBert().write(test::folder() / "tiny");
  return Loaded(folder);
}

}  // namespace

BOOST_AUTO_TEST_CASE(twin_of_every_family_agrees_with_pytorch) {
  int cases = 0;
  for (const auto& entry : fs::directory_iterator(test::data() / "encoders")) {
    const auto inputs = json::parse(read_file(entry.path() / "ids.json"));
    if (inputs.contains("pairs")) continue;
    ++cases;
    const Loaded loaded(test::prepare_case(entry.path()));
    const auto batch = batch_of(inputs);
    const auto run = [&](Element element) {
      return encode(*loaded.on(device::make_twin_accelerator(), element, loaded.spec.window), batch,
                    loaded.spec.outputs());
    };
    const auto exact = run(Element::fp32);
    const auto bytes = read_file(entry.path() / "vectors.f32");
    std::vector<float> expected(bytes.size() / sizeof(float));
    std::memcpy(expected.data(), bytes.data(), bytes.size());
    BOOST_REQUIRE_EQUAL(expected.size(), exact.values.size());
    BOOST_TEST(worst(exact.values, expected) < 2e-5, entry.path().filename());
    const auto cosine = test::least_cosine(exact, run(Element::bf16));
    BOOST_TEST(cosine >= 0.9995, entry.path().filename() << " bf16: least cosine " << cosine);
    BOOST_TEST(cosine < 1);  // it is bf16
  }
  BOOST_TEST(cases == 8);
}

BOOST_AUTO_TEST_CASE(twin_agrees_with_the_encoder_of_the_cpu) {
  const auto loaded = tiny();
  const model::Encoder cpu(loaded.weights, loaded.spec.head(), loaded.spec.window, 1);
  auto batch = tiny_batch(12);
  for (const bool pairs : {false, true}) {
    for (std::size_t s = 0; pairs && s + 1 < batch.offsets.size(); ++s)
      batch.seconds.push_back((batch.offsets[s + 1] - batch.offsets[s]) / 2);
    const auto expected = encode(cpu, batch, loaded.spec.outputs());
    for (const auto element : {Element::fp32, Element::fp16, Element::bf16}) {
      const auto found =
          encode(*loaded.on(device::make_twin_accelerator(), element, 24), batch, loaded.spec.outputs());
      const auto cosine = test::least_cosine(found, expected);
      BOOST_TEST(cosine >= (element == Element::fp32 ? 0.999999 : 0.9995), name_of(element) << ' ' << cosine);
      if (element == Element::fp32) BOOST_TEST(worst(found.values, expected.values) <= 1e-5);
    }
  }
}

BOOST_AUTO_TEST_CASE(twin_gives_a_sequence_the_same_bits_in_every_batch) {
  const auto loaded = tiny();
  const auto encoder = loaded.on(device::make_twin_accelerator(), Element::bf16, 40);
  const auto batch = tiny_batch(9);
  const auto together = encode(*encoder, batch, loaded.spec.outputs());
  for (const std::size_t s : {0, 4, 8}) {
    Batch alone;
    alone.add({batch.ids.begin() + batch.offsets[s], batch.ids.begin() + batch.offsets[s + 1]});
    const auto vector = encode(*encoder, alone, loaded.spec.outputs());
    const auto row = together.row(static_cast<std::int64_t>(s));
    BOOST_TEST(std::equal(row.begin(), row.end(), vector.values.begin()), "sequence " << s);
  }
}

BOOST_AUTO_TEST_CASE(the_memory_of_a_device_encoder_is_what_was_forecast) {
  const auto loaded = tiny();
  for (const auto element : {Element::fp32, Element::bf16}) {
    const auto accelerator = std::make_shared<Counting>();
    const auto encoder = loaded.on(accelerator, element, 40);
    const model::DevicePlan plan{element, 40};
    const auto forecast = model::DeviceWeights::bytes_of(loaded.weights, element) +
                          model::DeviceEncoder::buffer_bytes(loaded.spec.network, loaded.spec.head(), plan);
    BOOST_TEST(accelerator->bytes_in_use() == forecast);
    (void)encode(*encoder, tiny_batch(20), loaded.spec.outputs());
    BOOST_TEST(accelerator->bytes_in_use() == forecast);  // encoding takes no more
  }
}

BOOST_AUTO_TEST_CASE(batches_are_filled_up_with_whole_sequences) {
  const auto loaded = tiny();
  const auto accelerator = std::make_shared<Counting>();
  const auto encoder = loaded.on(accelerator, Element::fp32, 16);
  Batch batch;
  for (const int length : {16, 15, 1, 9, 8, 8})  // 16 | 15 1 | 9 | 8 8
    batch.add(std::vector<std::int32_t>(static_cast<std::size_t>(length), 4));
  (void)encode(*encoder, batch, loaded.spec.outputs());
  BOOST_TEST(accelerator->products == 4 * 4 * loaded.spec.network.layers);
  BOOST_TEST(accelerator->played == 1);  // 9 tokens after 16: one sequence of up to 16
  (void)encode(*encoder, {}, loaded.spec.outputs());
  BOOST_TEST(accelerator->products == 4 * 4 * loaded.spec.network.layers);
}

BOOST_AUTO_TEST_CASE(batches_of_a_known_shape_are_one_launch_and_give_the_same) {
  const auto loaded = tiny();
  const auto accelerator = std::make_shared<Counting>();
  const auto encoder = loaded.on(accelerator, Element::bf16, 16);
  for (const int word : {3, 5, 7, 9}) {  // other words and lengths of one shape: 5 to 8 tokens
    Batch batch;
    batch.add(std::vector<std::int32_t>(static_cast<std::size_t>(word == 9 ? 8 : word), word));
    if (word == 3) batch.ids.insert(batch.ids.end(), 2, 3), batch.offsets.back() += 2;
    const auto first_time = loaded.on(device::make_twin_accelerator(), Element::bf16, 16);
    const auto expected = encode(*first_time, batch, loaded.spec.outputs());
    BOOST_TEST((encode(*encoder, batch, loaded.spec.outputs()).values == expected.values), "word " << word);
  }
  BOOST_TEST(accelerator->recorded == 1);
  BOOST_TEST(accelerator->played == 3);
  BOOST_TEST(accelerator->products == 2 * 4 * loaded.spec.network.layers);  // run once, recorded once
}

BOOST_AUTO_TEST_CASE(nothing_is_in_flight_when_an_encoder_goes) {
  const auto loaded = tiny();
  const auto accelerator = std::make_shared<Counting>();
  auto encoder = loaded.on(accelerator, Element::fp32, 16);
  const auto batch = tiny_batch(8);
  Matrix out(8, loaded.spec.outputs());
  const Pulse stop = [] { throw Stopped("a test"); };
  BOOST_CHECK_THROW(encoder->encode(batch.sequences(), out.view(), stop), Stopped);
  BOOST_TEST(accelerator->in_flight > 0);
  encoder.reset();
  BOOST_TEST(accelerator->in_flight == 0);
  BOOST_TEST(accelerator->bytes_in_use() == 0);
}

BOOST_AUTO_TEST_CASE(no_more_memory_is_taken_than_is_allowed) {
  const auto loaded = tiny();
  const auto needed =
      model::DeviceWeights::bytes_of(loaded.weights, Element::fp32) +
      model::DeviceEncoder::buffer_bytes(loaded.spec.network, loaded.spec.head(), {Element::fp32, 40});
  for (const auto allowed : {needed, needed - 1}) {
    const std::shared_ptr<device::Accelerator> accelerator = device::make_twin_accelerator();
    accelerator->allow(allowed);
    if (allowed == needed) {
      BOOST_CHECK_NO_THROW((void)loaded.on(accelerator, Element::fp32, 40));
    } else {
      BOOST_CHECK_EXCEPTION((void)loaded.on(accelerator, Element::fp32, 40), Error, [](const Error& e) {
        return e.code == ExitCode::device &&
               std::string_view(e.what()).find("memory_share") != std::string_view::npos;
      });
    }
    BOOST_TEST(accelerator->bytes_in_use() == 0);  // what was taken is given back
  }
}

BOOST_AUTO_TEST_CASE(a_device_encoder_goes_on_after_a_call_that_ended_early) {
  const auto loaded = tiny();
  const auto encoder = loaded.on(device::make_twin_accelerator(), Element::fp32, 16);
  const auto batch = tiny_batch(8);
  const auto expected = encode(*encoder, batch, loaded.spec.outputs());
  Matrix out(8, loaded.spec.outputs());
  const Pulse stop = [] { throw Stopped("a test"); };
  BOOST_CHECK_THROW(encoder->encode(batch.sequences(), out.view(), stop), Stopped);
  BOOST_TEST((encode(*encoder, batch, loaded.spec.outputs()).values == expected.values));
}

BOOST_AUTO_TEST_CASE(a_device_encoder_refuses_what_does_not_fit) {
  const auto loaded = tiny();
  const auto encoder = loaded.on(device::make_twin_accelerator(), Element::fp32, 24);
  Batch batch;
  batch.add({1, 2, 12});
  BOOST_CHECK_THROW((void)encode(*encoder, batch, loaded.spec.outputs()), InternalError);  // no such token
  batch = {};
  batch.add(std::vector<std::int32_t>(17, 1));
  BOOST_CHECK_THROW((void)encode(*encoder, batch, loaded.spec.outputs()), InternalError);
  BOOST_CHECK_THROW((void)loaded.on(device::make_twin_accelerator(), Element::fp32, 15), InternalError);
}
