#include "model/window.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "text/json_file.hpp"

namespace dream::model {
namespace {

namespace fs = std::filesystem;
using text::json_value;

void check_vocabulary(const fs::path& folder, const Network& network, const text::ModelTokenizer& text) {
  if (text.vocabulary_size <= network.vocabulary) return;
  throw ModelError((folder / "config.json").string(), "vocab_size",
                   "is " + std::to_string(network.vocabulary) + ", but the tokenizer knows " +
                       std::to_string(text.vocabulary_size) + " tokens");
}

/// What the tokenizer's config allows; many write a huge number, which no integer holds, for no limit.
std::int64_t tokenizer_limit(const fs::path& folder, std::int64_t otherwise) {
  const auto path = folder / "tokenizer_config.json";
  if (!fs::exists(path)) return otherwise;
  const auto limit = json_value(text::read_json(path), "model_max_length", 1e30, path);
  return limit < static_cast<double>(otherwise) ? static_cast<std::int64_t>(limit) : otherwise;
}

/// sentence-transformers writes sentence_bert_config.json, but has known names of other families.
fs::path sentence_config(const fs::path& folder) {
  for (const char* family : {"bert", "roberta", "xlm-roberta", "camembert", "mpnet"}) {
    const auto path = folder / ("sentence_" + std::string(family) + "_config.json");
    if (fs::exists(path)) return path;
  }
  return {};
}

}  // namespace

std::int64_t read_window(const fs::path& folder, const Network& network, const text::ModelTokenizer& text) {
  check_vocabulary(folder, network, text);
  const auto path = sentence_config(folder);
  auto window = tokenizer_limit(folder, network.positions);
  if (path.empty()) return window;
  const auto config = text::read_json(path);
  if (json_value(config, "do_lower_case", false, path) && !text.lowercase) {
    throw ModelError(path.string(), "do_lower_case",
                     "is true, but the tokenizer keeps capitals; this build leaves case to the tokenizer");
  }
  window = json_value<std::int64_t>(config, "max_seq_length", window, path);
  const auto least = static_cast<std::int64_t>(text.special.before.size() + text.special.after.size()) + 1;
  if (window < least) {
    throw ModelError(path.string(), "max_seq_length",
                     "is " + std::to_string(window) + "; it must be at least " + std::to_string(least));
  }
  return std::min(window, network.positions);
}

}  // namespace dream::model
