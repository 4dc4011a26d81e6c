#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>

#include "model/encoder.hpp"
#include "model/sentence_model.hpp"
#include "model/sequence_batch.hpp"
#include "stages/embed/embedder.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/tiny_bert.hpp"

using namespace dream;

namespace {

std::atomic<std::int64_t> allocations{0};

void* counted(std::size_t size, std::size_t boundary) {
  ++allocations;
  void* const place = std::aligned_alloc(boundary, (size + boundary - 1) / boundary * boundary);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}

}  // namespace

void* operator new(std::size_t size) { return counted(size, 16); }
void* operator new(std::size_t size, std::align_val_t boundary) {
  return counted(size, static_cast<std::size_t>(boundary));
}
void operator delete(void* place) noexcept { std::free(place); }
void operator delete(void* place, std::size_t) noexcept { std::free(place); }
void operator delete(void* place, std::align_val_t) noexcept { std::free(place); }
void operator delete(void* place, std::size_t, std::align_val_t) noexcept { std::free(place); }

namespace {

std::int64_t allocations_of(const std::function<void()>& work) {
  const auto before = allocations.load();
  work();
  return allocations - before;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_batch_allocates_nothing_once_there_was_one_of_its_size) {
  test::TinyBert bert;
  bert.modules.insert(bert.modules.begin() + 2,
                      nlohmann::json::object(
                          {{"idx", 2}, {"path", "2_Dense"}, {"type", "sentence_transformers.models.Dense"}}));
  const auto folder = bert.write(test::folder() / "model");
  std::filesystem::create_directories(folder / "2_Dense");
  test::TinyBert::put(folder / "2_Dense" / "config.json",
                      nlohmann::json{{"in_features", 32}, {"out_features", 16}}.dump());
  test::TinyBert dense;
  dense.tensors = {{"linear.weight", {{16, 32}, std::vector<float>(512, 0.1F)}},
                   {"linear.bias", {{16}, std::vector<float>(16, 0.5F)}}};
  test::TinyBert::put(folder / "2_Dense" / "model.safetensors", dense.weights());

  const auto spec = model::read_sentence_model(folder);
  const model::Encoder encoder(
      model::EncoderWeights(spec.network, std::make_shared<const model::WeightFiles>(spec.folder)),
      spec.head(), spec.window, 3);
  model::SequenceBatch batch;
  Matrix out(500, 16);
  const Pulse pulse = no_pulse();
  const auto one_batch = [&] {
    batch.fill(500, encoder.workers(), pulse, [](std::int64_t i, std::vector<std::int32_t>& ids) {
      ids.insert(ids.end(), static_cast<std::size_t>(1 + i % 16), 4);
      return 1 + i % 16;
    });
    encoder.encode(batch.sequences(), out.view(), pulse);
  };
  BOOST_TEST(allocations_of(one_batch) > 10);  // the counter counts
  // Which worker makes how many sequences is up to the system, so an arena may still grow for a while.
  for (int i = 0; i < 200; ++i) one_batch();
  BOOST_TEST(allocations_of([&] {
               for (int i = 0; i < 20; ++i) one_batch();
             }) == 0);
}

BOOST_AUTO_TEST_CASE(what_is_left_are_the_tokenizers_lists) {
  const auto folder = test::TinyBert().write(test::folder() / "model");
  const auto* row = embed::embedder_row("transformer");
  auto params = defaults_of(row->info);
  params.set("path", folder.string());
  const auto embedder = row->make(params, 2);
  const std::vector<std::string_view> texts(300, "a b c red");
  Matrix out(300, embedder->dimension());
  const Pulse pulse = no_pulse();
  const auto embed = [&] { embedder->embed(texts, embed::Role::passage, out.view(), pulse); };
  const auto tokenise = [&] { (void)embedder->tokenizer()->encode(texts[0]); };
  for (int i = 0; i < 200; ++i) embed();
  BOOST_TEST(allocations_of(embed) == 300 * allocations_of(tokenise));
}
