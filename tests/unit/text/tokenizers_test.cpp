// Tokenizers of every kind against Hugging Face's tokenizers and tiktoken. Both sides, and many more lines
// than are stored, come from tests/data/make_tokenizer_vectors.py.
#include <algorithm>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"
#include "text/model_tokenizer.hpp"
#include "text/utf8.hpp"

using namespace dream;

namespace {

namespace fs = std::filesystem;
using Tokens = std::vector<text::Token>;

fs::path stored() { return test::data() / "tokenizers"; }

Tokens encode(const char* kind, std::string_view text) {
  return text::load_model_tokenizer(stored() / kind).tokenizer->encode(text);
}

std::vector<std::int32_t> ids(const Tokens& tokens) {
  std::vector<std::int32_t> result;
  for (const auto& token : tokens) result.push_back(token.id);
  return result;
}

/// Tokens lie in the text and go forward.
bool sound(const Tokens& tokens, std::string_view text) {
  std::int64_t begin = 0;
  for (const auto& token : tokens) {
    if (token.begin < begin || token.end < token.begin || token.end > static_cast<std::int64_t>(text.size()))
      return false;
    begin = token.begin;
  }
  return true;
}

/// Reads int32 after int32 (little-endian) of a file.
class Numbers {
 public:
  explicit Numbers(const fs::path& path) : bytes_(read_file(path)) {}
  [[nodiscard]] bool done() const { return at_ >= bytes_.size(); }
  std::int32_t next() {
    std::int32_t value = 0;
    std::memcpy(&value, bytes_.substr(at_, sizeof value).data(), sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string text(std::int32_t bytes) {
    at_ += static_cast<std::size_t>(bytes);
    return bytes_.substr(at_ - static_cast<std::size_t>(bytes), static_cast<std::size_t>(bytes));
  }
  /// As the script writes them: their number, then id, begin and end of each.
  Tokens tokens() {
    Tokens result(static_cast<std::size_t>(next()));
    for (auto& token : result) {
      token.id = next();
      token.begin = next();
      token.end = next();
    }
    return result;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

/// What Hugging Face says to the texts, and how often our offsets differ from its own.
struct Comparison {
  std::int64_t other_ids = 0;
  std::int64_t other_places = 0;
  std::int64_t unsound = 0;
  std::string first;  ///< text with other ids
};

/// Places are compared for texts of valid UTF-8 only: theirs are of the replaced text.
Comparison compare(const fs::path& folder, const std::vector<std::string>& texts) {
  const auto model = text::load_model_tokenizer(folder);
  Numbers expected(folder / "expected.bin");
  Comparison result;
  for (const auto& text : texts) {
    const auto ours = model.tokenizer->encode(text);
    const auto theirs = expected.tokens();
    if (!sound(ours, text)) ++result.unsound;
    if (ids(ours) != ids(theirs)) {
      if (++result.other_ids == 1) result.first = text.substr(0, 500);
      continue;
    }
    const auto same = [](const text::Token& a, const text::Token& b) {
      return a.begin == b.begin && a.end == b.end;
    };
    if (text::invalid_sequences(text) == 0 && !std::equal(ours.begin(), ours.end(), theirs.begin(), same))
      ++result.other_places;
  }
  BOOST_TEST(expected.done());
  return result;
}

/// A Python that has the packages, or nothing: $DREAM_PEER_PYTHON, else python3.
std::string peer_python() {
  const char* given = std::getenv("DREAM_PEER_PYTHON");
  const std::string python = given != nullptr ? given : "python3";
  const auto probe = "'" + python + "' -c 'import tokenizers, tiktoken' 2>/dev/null";
  return std::system(probe.c_str()) == 0 ? python : "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_kind_of_tokenizer_gives_the_ids_of_its_peer) {
  const auto texts = nlohmann::json::parse(read_file(stored() / "texts.json"));
  BOOST_TEST(texts.size() >= 260U);
  int kinds = 0;
  for (const auto& entry : fs::directory_iterator(stored())) {
    if (!entry.is_directory()) continue;
    ++kinds;
    const auto model = text::load_model_tokenizer(entry.path());
    std::vector<std::string> expected;
    const auto lines = read_file(entry.path() / "expected.txt");
    for (std::size_t at = 0; at < lines.size(); at += 9) expected.push_back(lines.substr(at, 8));
    BOOST_TEST_REQUIRE(expected.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto text = texts[i].get<std::string>();
      const auto tokens = model.tokenizer->encode(text);
      std::string bytes;
      for (const auto id : ids(tokens)) bytes.append(reinterpret_cast<const char*>(&id), sizeof id);
      BOOST_TEST(digest_of(bytes).hex().substr(0, 8) == expected[i], entry.path().filename() << ": " << text);
      BOOST_TEST(sound(tokens, text), entry.path().filename() << ": " << text);
      BOOST_TEST(model.tokenizer->count(text) == static_cast<std::int64_t>(tokens.size()));
    }
  }
  BOOST_TEST(kinds == 9);
}

BOOST_AUTO_TEST_CASE(twenty_thousand_lines_give_the_ids_of_their_peers, *boost::unit_test::label("peer")) {
  const auto python = peer_python();
  if (python.empty())
    test::skip(
        "no Python with tokenizers and tiktoken; set DREAM_PEER_PYTHON to one to compare 20,000 lines");
  const auto out = test::folder() / "peers";
  const auto script = test::data() / "make_tokenizer_vectors.py";
  const auto command =
      "CUDA_VISIBLE_DEVICES= '" + python + "' '" + script.string() + "' '" + out.string() + "' 20000";
  BOOST_TEST_REQUIRE(std::system(command.c_str()) == 0);
  std::vector<std::string> texts;
  for (Numbers numbers(out / "texts.bin"); !numbers.done();) texts.push_back(numbers.text(numbers.next()));
  BOOST_TEST(texts.size() > 22'000U);
  int kinds = 0;
  for (const auto& entry : fs::directory_iterator(out)) {
    if (!entry.is_directory()) continue;
    ++kinds;
    const auto name = entry.path().filename().string();
    const auto result = compare(entry.path(), texts);
    BOOST_TEST(result.other_ids == 0, name << ": " << result.other_ids << " texts, first: " << result.first);
    BOOST_TEST(result.unsound == 0, name);
    // Where characters were composed or reordered ours are those of all of them, theirs of one of them.
    BOOST_TEST(result.other_places < 600, name << ": " << result.other_places << " texts with other places");
    if (name == "roberta" || name == "roberta_files" || name == "llama" || name == "tiktoken")
      BOOST_TEST(result.other_places == 0, name << ": " << result.other_places << " texts with other places");
  }
  BOOST_TEST(kinds == 14);
}

BOOST_AUTO_TEST_CASE(special_tokens_are_those_of_the_family) {
  using Ids = std::vector<std::int32_t>;
  const auto special = [](const char* kind) {
    const auto model = text::load_model_tokenizer(stored() / kind);
    return std::vector<Ids>{model.special.before, model.special.between, model.special.after};
  };
  BOOST_TEST((special("bert") == std::vector<Ids>{{2}, {3}, {3}}));
  for (const char* kind : {"mpnet", "roberta", "roberta_files", "e5", "xlm_roberta_model"})
    BOOST_TEST((special(kind) == std::vector<Ids>{{0}, {2, 2}, {2}}), kind);
  BOOST_TEST((special("llama") == std::vector<Ids>{{1}, {1}, {}}));
  BOOST_TEST((special("tiktoken") == std::vector<Ids>{{}, {}, {}}));
  BOOST_TEST(text::load_model_tokenizer(stored() / "bert").lowercase);
  BOOST_TEST(!text::load_model_tokenizer(stored() / "roberta").lowercase);
}

BOOST_AUTO_TEST_CASE(identities_differ_with_what_decides_tokens) {
  std::vector<Digest> seen;
  for (const char* kind : {"bert", "mpnet", "roberta", "roberta_files", "e5", "llama", "tiktoken",
                           "xlm_roberta_model", "sentencepiece_bpe"}) {
    const auto identity = text::load_model_tokenizer(stored() / kind).tokenizer->identity();
    BOOST_TEST((std::find(seen.begin(), seen.end(), identity) == seen.end()), kind);
    seen.push_back(identity);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_utf8_is_replaced_and_can_be_counted) {
  BOOST_TEST(text::invalid_sequences("caf\u00e9 \ufffd") == 0);
  BOOST_TEST(text::invalid_sequences("a\xff\xfe b\xe4\xb8") == 3);
  for (const char* kind : {"bert", "roberta", "e5", "llama", "tiktoken", "xlm_roberta_model"}) {
    BOOST_TEST((ids(encode(kind, "a\xff b\xe4\xb8")) == ids(encode(kind, "a\ufffd b\ufffd"))), kind);
  }
}

BOOST_AUTO_TEST_CASE(places_are_bytes_of_the_original_text) {
  const std::string text = "x  caf\u00e9 \u4e2d";
  for (const char* kind : {"roberta", "e5", "llama", "tiktoken", "xlm_roberta_model", "mpnet"}) {
    const auto tokens = encode(kind, text);
    BOOST_TEST_REQUIRE(!tokens.empty());
    BOOST_TEST(tokens.front().begin == 0, kind);
    BOOST_TEST(tokens.back().end == static_cast<std::int64_t>(text.size()), kind);
    BOOST_TEST(tokens.back().begin <= static_cast<std::int64_t>(text.size()) - 3, kind);
  }
}

BOOST_AUTO_TEST_CASE(hostile_texts_take_no_quadratic_time) {
  // Minutes or more, if they did. A text without spaces is one piece, the marks are one cluster.
  const std::string letters(3'000'000, 'a');
  const std::string mixed = [] {
    std::string text;
    for (int i = 0; i < 300'000; ++i) text += "ab";
    return text;
  }();
  std::string marks = "a";
  for (int i = 0; i < 200'000; ++i) marks += "\u0323\u0307";
  const std::string special = [] {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "<mask>  <mas";
    return text;
  }();
  for (const char* kind :
       {"roberta", "e5", "llama", "tiktoken", "xlm_roberta_model", "sentencepiece_bpe", "mpnet"}) {
    const auto model = text::load_model_tokenizer(stored() / kind);
    for (const auto* text : std::initializer_list<const std::string*>{&letters, &mixed, &marks, &special})
      BOOST_TEST(model.tokenizer->count(*text) > 0, kind);
  }
}
