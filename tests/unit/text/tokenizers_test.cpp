// Tokenizers of every kind against Hugging Face's tokenizers and tiktoken; tests/data/make_tokenizer_vectors.py
// makes both sides.
#include <openssl/evp.h>

#include <cstdlib>
#include <cstring>
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

namespace fs = std::filesystem;

/// Their offsets differ from ours where a normaliser changes the text: ours are those of the whole cluster
/// that was changed, theirs of a character in it.
bool offsets_are_theirs(const std::string& kind) {
  return kind == "bert" || kind == "roberta" || kind == "roberta_files" || kind == "cl100k";
}

void put(std::string& bytes, std::int64_t value) {
  const auto small = static_cast<std::int32_t>(value);
  bytes.append(reinterpret_cast<const char*>(&small), sizeof small);
}

std::string packed(const std::vector<text::Token>& tokens) {
  std::string bytes;
  put(bytes, static_cast<std::int64_t>(tokens.size()));
  for (const auto& token : tokens) {
    put(bytes, token.id);
    put(bytes, token.begin);
    put(bytes, token.end);
  }
  return bytes;
}

/// Tokens lie in the text, in order, on its characters.
bool sound(const std::vector<text::Token>& tokens, std::string_view text) {
  std::int64_t begin = 0;
  const auto boundary = [&](std::int64_t at) {
    return at == static_cast<std::int64_t>(text.size()) ||
           (static_cast<unsigned char>(text[static_cast<std::size_t>(at)]) & 0xC0) != 0x80;
  };
  for (const auto& token : tokens) {
    if (token.begin < begin || token.end < token.begin || token.end > static_cast<std::int64_t>(text.size()))
      return false;
    if (!boundary(token.begin) || !boundary(token.end)) return false;
    begin = token.begin;
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_CASE(dump, *boost::unit_test::disabled()) {}
