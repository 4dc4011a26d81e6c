#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <set>

#include "stages/embed/embedder.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using embed::Role;

namespace {

std::unique_ptr<embed::Embedder> hashed(std::int64_t dimension = 384, std::int64_t seed = 0,
                                        int threads = 2) {
  return embed::embedder_row("hash")->make({{"dimension", dimension}, {"seed", seed}}, threads);
}

Matrix embed_all(const embed::Embedder& embedder, const std::vector<std::string>& texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  Matrix out(static_cast<std::int64_t>(texts.size()), embedder.dimension());
  embedder.embed(views, Role::passage, out.view(), no_pulse());
  return out;
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

double similarity(const std::string& a, const std::string& b) {
  const auto out = embed_all(*hashed(), {a, b});
  return dot(out.row(0), out.row(1));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_table_has_both_kinds) {
  std::set<std::string> names;
  for (const auto& row : embed::embedders()) names.insert(row.info.name);
  BOOST_TEST((names == std::set<std::string>{"hash", "transformer"}));
  BOOST_TEST((embed::embedder_row("openai") == nullptr));
}

BOOST_AUTO_TEST_CASE(hashed_vectors_have_length_one) {
  const auto out = embed_all(
      *hashed(), {"", " ", "?!", "a", "one two three", std::string(1000, 'x'), "\xff\xfe", "\u5317\u4eac"});
  for (std::int64_t r = 0; r < out.rows; ++r)
    BOOST_TEST(std::abs(dot(out.row(r), out.row(r)) - 1) < 1e-6, "text " << r);
  // A text without words is the first unit vector.
  for (const int r : {0, 1, 2, 6}) BOOST_TEST(out.row(r)[0] == 1, "text " << r);
}

BOOST_AUTO_TEST_CASE(hashed_texts_that_share_words_are_near) {
  const std::string text = "The railway bridge over the river was built in 1890.";
  BOOST_TEST(similarity(text, text) > 0.999);
  BOOST_TEST(similarity(text, "When was the railway bridge built?") > 0.4);
  BOOST_TEST(similarity(text, "Photosynthesis stores energy in glucose.") < 0.2);
  BOOST_TEST(similarity("Caf\u00e9 M\u00fcller", "cafe muller") > 0.999);  // case and accents do not count
  BOOST_TEST(similarity("bridges", "bridge") > similarity("bridges", "badges"));  // n-grams see the stem
  BOOST_TEST(similarity("red house blue car", "red house") >
             similarity("red house blue car", "house red"));  // pairs see order
  BOOST_TEST(similarity("\u5317\u4eac\u662f\u9996\u90fd", "\u9996\u90fd\u5317\u4eac") > 0.4);
}

BOOST_AUTO_TEST_CASE(hashed_vectors_are_pinned) {
  // The same bits on every machine; who changes this must raise the version in identity().
  const auto out = embed_all(*hashed(16, 3), {"a small railway"});
  const std::vector<float> expected{0.06363637F,   0.0F,          -0.483016521F,  -0.331277966F,
                                    -0.151738524F, -0.151738524F, -0.294405758F,  0.34362331F,
                                    0.0F,          0.151738524F,  -0.0704092905F, -0.179539457F,
                                    -0.331277966F, 0.0F,          0.151738524F,   -0.4572891F};
  for (std::size_t i = 0; i < expected.size(); ++i) BOOST_TEST(out.row(0)[i] == expected[i]);
}

BOOST_AUTO_TEST_CASE(hashed_vectors_do_not_depend_on_their_batch) {
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) texts.push_back("text number " + std::to_string(i * i));
  const auto together = embed_all(*hashed(384, 0, 3), texts);
  for (const int i : {0, 63, 64, 199}) {
    const auto alone = embed_all(*hashed(384, 0, 1), {texts[static_cast<std::size_t>(i)]});
    BOOST_TEST(std::memcmp(alone.row(0).data(), together.row(i).data(), 384 * sizeof(float)) == 0);
  }
}

BOOST_AUTO_TEST_CASE(hashed_questions_find_their_paragraphs, *boost::unit_test::label("realdata")) {
  std::vector<std::string> paragraphs, questions;
  for (const auto& entry : std::filesystem::directory_iterator(test::realdata() / "squad" / "docs")) {
    std::ifstream file(entry.path());
    std::string line;
    while (std::getline(file, line)) {
      if (line.size() > 60) paragraphs.push_back(line);
    }
  }
  BOOST_REQUIRE(paragraphs.size() > 500u);
  // Some sixty characters must find the paragraph that they stand in.
  std::vector<std::size_t> gold;
  for (std::size_t i = 0; i < paragraphs.size(); i += 7) {
    const auto& p = paragraphs[i];
    questions.push_back("What about " + p.substr(p.size() / 2, 60) + "?");
    gold.push_back(i);
  }
  const auto embedder = hashed();
  const auto all = embed_all(*embedder, paragraphs), asked = embed_all(*embedder, questions);
  int found = 0;
  for (std::size_t q = 0; q < gold.size(); ++q) {
    const auto row = asked.row(static_cast<std::int64_t>(q));
    const double own = dot(row, all.row(static_cast<std::int64_t>(gold[q])));
    int better = 0;
    for (std::int64_t d = 0; d < all.rows; ++d) better += dot(row, all.row(d)) > own ? 1 : 0;
    found += better < 5 ? 1 : 0;
  }
  BOOST_TEST_MESSAGE("found among five: " << found << " of " << gold.size());
  BOOST_TEST(found > 0.85 * static_cast<double>(gold.size()));
}

BOOST_AUTO_TEST_CASE(hash_identity_covers_its_parameters) {
  BOOST_TEST((hashed(384, 0)->identity() == hashed(384, 0, 1)->identity()));
  BOOST_TEST((hashed(384, 0)->identity() != hashed(384, 1)->identity()));
  BOOST_TEST((hashed(384, 0)->identity() != hashed(256, 0)->identity()));
  BOOST_TEST(similarity("a", "b") < 0.9);
  const auto a = embed_all(*hashed(384, 0), {"seed"}), b = embed_all(*hashed(384, 1), {"seed"});
  BOOST_TEST(std::abs(dot(a.row(0), b.row(0))) < 0.5);
}
