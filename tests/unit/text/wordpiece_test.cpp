#include "text/wordpiece.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"
#include "text/model_tokenizer.hpp"
#include "text/utf8.hpp"

using namespace dream;

namespace {

using Ids = std::vector<std::int32_t>;

Ids ids(const text::Tokenizer& tokenizer, std::string_view text) {
  Ids result;
  for (const auto& token : tokenizer.encode(text)) result.push_back(token.id);
  return result;
}

std::vector<std::string> pieces(const text::Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::string> result;
  for (const auto& token : tokenizer.encode(text)) {
    result.emplace_back(text.substr(static_cast<std::size_t>(token.begin),
                                    static_cast<std::size_t>(token.end - token.begin)));
  }
  return result;
}

text::WordPieceSpec small_spec() {
  text::WordPieceSpec spec;
  spec.vocabulary = {"[PAD]", "[UNK]",  "[CLS]",  "[SEP]",   "un",
                     "##aff", "##able", "##a",    "cafe",    ",",
                     "!",     "a",      "\u4e2d", "i\u0307", "x\U0001D165\U0001D16D"};
  spec.added = {{"[CLS]", 2}, {"[SEP]", 3}};
  return spec;
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// A folder with a tokenizer.json that is changed by `edit`.
template <class Edit>
std::filesystem::path broken_copy(const char* name, Edit edit) {
  const auto folder = test::folder() / name;
  std::filesystem::create_directories(folder);
  auto json = nlohmann::json::parse(R"({"added_tokens": [{"id": 2, "content": "[CLS]", "normalized": false}],
    "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "a": 1, "[CLS]": 2, "[SEP]": 3}}})");
  edit(json);
  write(folder / "tokenizer.json", json.dump());
  return folder;
}

std::string item_of(const std::filesystem::path& folder) {
  try {
    (void)text::load_model_tokenizer(folder);
  } catch (const ModelError& error) {
    return error.item;
  }
  return "no error";
}

}  // namespace

BOOST_AUTO_TEST_CASE(longest_pieces_from_the_left) {
  const text::WordPiece tokenizer(small_spec());
  BOOST_TEST((ids(tokenizer, "unaffable") == Ids{4, 5, 6}));
  BOOST_TEST((pieces(tokenizer, "UNAFFABLE, a") == std::vector<std::string>{"UN", "AFF", "ABLE", ",", "a"}));
  BOOST_TEST((ids(tokenizer, "unknown a") == Ids{1, 11}));
  BOOST_TEST(tokenizer.count("unaffable, a") == 5);
}

BOOST_AUTO_TEST_CASE(tokens_point_into_the_original_bytes) {
  const text::WordPiece tokenizer(small_spec());
  // Precomposed and combining accents, an ideograph without spaces, a dropped control character.
  const std::string text = "Caf\u00e9 cafe\u0301! a\u4e2da c\u0001afe";
  BOOST_TEST((ids(tokenizer, text) == Ids{8, 8, 10, 11, 12, 11, 8}));
  BOOST_TEST((pieces(tokenizer, text) ==
              std::vector<std::string>{"Caf\u00e9", "cafe", "!", "a", "\u4e2d", "a", "c\u0001afe"}));
}

BOOST_AUTO_TEST_CASE(marks_come_into_canonical_order) {
  const text::WordPiece tokenizer(small_spec());
  BOOST_TEST((ids(tokenizer, "x\U0001D165\U0001D16D") == Ids{14}));
  BOOST_TEST((ids(tokenizer, "x\U0001D16D\U0001D165") == Ids{14}));
}

BOOST_AUTO_TEST_CASE(special_tokens_are_recognised_in_the_raw_text) {
  const text::WordPiece tokenizer(small_spec());
  BOOST_TEST((ids(tokenizer, "a[SEP]a [CLS]") == Ids{11, 3, 11, 2}));
  BOOST_TEST((ids(tokenizer, "[sep]") == Ids{1, 1, 1}));
  BOOST_TEST((pieces(tokenizer, "a[SEP]a") == std::vector<std::string>{"a", "[SEP]", "a"}));
}

BOOST_AUTO_TEST_CASE(rules_can_be_switched_off) {
  auto spec = small_spec();
  spec.rules.strip_accents = false;
  BOOST_TEST((ids(text::WordPiece(spec), "\u0130") == Ids{13}));
  spec.rules.lowercase = false;
  BOOST_TEST((ids(text::WordPiece(spec), "A a") == Ids{1, 11}));
  spec.rules.ideographs = false;
  BOOST_TEST((ids(text::WordPiece(spec), "a\u4e2da") == Ids{1}));
  BOOST_TEST((text::WordPiece(spec).identity() != text::WordPiece(small_spec()).identity()));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf8_are_replacement_characters) {
  const text::WordPiece tokenizer(small_spec());
  BOOST_TEST((ids(tokenizer,
                  "caf\xff\xfe"
                  "e") == ids(tokenizer,
                              "caf\ufffd\ufffd"
                              "e")));
  BOOST_TEST((ids(tokenizer, "\xe4\xb8") == Ids{}));
}

BOOST_AUTO_TEST_CASE(hostile_words_cost_no_more_than_their_bytes) {
  const text::WordPiece tokenizer(small_spec());
  const std::string endless(5'000'000, 'a');
  const auto tokens = tokenizer.encode(endless);
  BOOST_TEST(tokens.size() == 1u);
  BOOST_TEST(tokens.front().id == 1);
  BOOST_TEST(tokens.front().end == 5'000'000);
  std::string marks = "a";
  for (int i = 0; i < 300'000; ++i)
    marks += "\u302e\U0001D165\u302f";  // marks of alternating order, a worst case for sorting
  BOOST_TEST(tokenizer.count(marks) == 1);
}

BOOST_AUTO_TEST_CASE(broken_files_are_refused_by_name) {
  using nlohmann::json;
  const auto same = [](json&) {};
  BOOST_TEST(item_of(broken_copy("good", same)) == "no error");
  BOOST_TEST(item_of(broken_copy("model", [](json& j) { j["model"]["type"] = "WordLevel"; })) == "model");
  BOOST_TEST(item_of(broken_copy("unigram", [](json& j) { j["model"]["type"] = "Unigram"; })) ==
             "model.vocab");
  BOOST_TEST(item_of(broken_copy("normaliser", [](json& j) { j["normalizer"]["type"] = "Nmt"; })) ==
             "normalizer");
  BOOST_TEST(item_of(broken_copy("cut", [](json& j) { j["pre_tokenizer"]["type"] = "Digits"; })) ==
             "pre_tokenizer");
  BOOST_TEST(item_of(broken_copy("absent", [](json& j) { j["model"] = nullptr; })) == "model");
  BOOST_TEST(item_of(broken_copy("id", [](json& j) { j["model"]["vocab"]["a"] = 1e15; })) == "a");
  BOOST_TEST(item_of(broken_copy("big", [](json& j) { j["model"]["vocab"]["a"] = 4'000'000'000; })) == "a");
  BOOST_TEST(item_of(broken_copy("unk", [](json& j) { j["model"]["vocab"].erase("[UNK]"); })) == "[UNK]");
  BOOST_TEST(item_of(broken_copy("added", [](json& j) { j["added_tokens"][0]["id"] = -1; })) == "[CLS]");
  BOOST_TEST(item_of(test::folder() / "nothing").empty());
  write(broken_copy("torn", same) / "tokenizer.json", "{\"model\": ");
  BOOST_TEST(item_of(test::folder() / "torn").empty());
  write(broken_copy("deep", same) / "tokenizer.json", "{\"a\":" + std::string(1'000'000, '['));
  BOOST_TEST(item_of(test::folder() / "deep").empty());
}

BOOST_AUTO_TEST_CASE(a_list_of_words_is_enough) {
  const auto folder = test::folder() / "list";
  std::filesystem::create_directories(folder);
  write(folder / "vocab.txt", "[UNK]\r\n[CLS]\n[SEP]\na\nA\n");
  BOOST_TEST((ids(*text::load_model_tokenizer(folder).tokenizer, "A [SEP]") == Ids{3, 2}));
  write(folder / "tokenizer_config.json", R"({"do_lower_case": false})");
  BOOST_TEST((ids(*text::load_model_tokenizer(folder).tokenizer, "A [SEP]") == Ids{4, 2}));
}

BOOST_AUTO_TEST_CASE(ids_and_offsets_are_those_of_hugging_face) {
  const auto tokenizer = text::load_model_tokenizer(test::minilm()).tokenizer;
  std::ifstream file(test::data() / "minilm" / "tokens.jsonl");
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    const auto expected = nlohmann::json::parse(line);
    const auto text = expected["text"].get<std::string>();
    const auto tokens = tokenizer->encode(text);
    auto offsets = nlohmann::json::array();
    for (const auto& token : tokens) offsets.push_back({token.begin, token.end});
    BOOST_TEST((ids(*tokenizer, text) == expected["ids"].get<Ids>()), "line " << lines + 1 << ": " << text);
    BOOST_TEST((offsets == expected["offsets"]),
               "line " << lines + 1 << ": " << offsets.dump() << " for " << line);
    BOOST_TEST(tokenizer->count(text) == static_cast<std::int64_t>(tokens.size()));
  }
  BOOST_TEST(lines > 300);
}

BOOST_AUTO_TEST_CASE(every_character_is_treated_as_hugging_face_does) {
  const auto tokenizer = text::load_model_tokenizer(test::minilm()).tokenizer;
  std::string all;
  const auto put = [&](std::int32_t id) { all.append(reinterpret_cast<const char*>(&id), sizeof id); };
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text = "a";
    text::encode(c, text);
    for (const auto& token : tokenizer->encode(text + "b")) put(token.id);
    put(-1);
  }
  const auto expected = read_file(test::data() / "minilm" / "sweep.sha256");
  BOOST_TEST(digest_of(all).hex() == expected.substr(0, 32));
}
