#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/errors.hpp"
#include "text/byte_level.hpp"
#include "text/json_file.hpp"
#include "text/pipeline.hpp"
#include "text/tokenizer_files.hpp"
#include "text/wordpiece.hpp"

namespace dream::text {
namespace {

namespace fs = std::filesystem;

/// visit(line) without its line break.
template <class Visit>
void each_line(std::string_view text, Visit&& visit) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    visit(line);
    at = end + 1;
  }
}

std::int32_t id_of(const std::vector<std::string>& vocabulary, const std::string& token) {
  const auto found = std::find(vocabulary.begin(), vocabulary.end(), token);
  return found == vocabulary.end() ? -1 : static_cast<std::int32_t>(found - vocabulary.begin());
}

std::int32_t required(const std::vector<std::string>& vocabulary, const char* token, const fs::path& path) {
  const auto id = id_of(vocabulary, token);
  if (id < 0) {
    throw ModelError(path.string(), token,
                     "is not in the vocabulary of " + std::to_string(vocabulary.size()) + " tokens");
  }
  return id;
}

BertRules read_rules(const fs::path& settings) {
  BertRules rules;
  if (!fs::exists(settings)) return rules;
  const auto config = read_json(settings);
  rules.lowercase = json_value(config, "do_lower_case", true, settings);
  rules.ideographs = json_value(config, "tokenize_chinese_chars", true, settings);
  rules.strip_accents = json_value(config, "strip_accents", rules.lowercase, settings);
  return rules;
}

/// The special tokens of RoBERTa, of which <mask> takes the space before it.
std::vector<AddedToken> roberta_tokens(const std::unordered_map<std::string, std::int32_t>& vocabulary) {
  std::vector<AddedToken> added;
  for (const char* token : {"<s>", "<pad>", "</s>", "<unk>", "<mask>"}) {
    const auto found = vocabulary.find(token);
    if (found == vocabulary.end()) continue;
    added.push_back({token, found->second, false, token == std::string_view("<mask>"), false, false});
  }
  return added;
}

ModelTokenizer piped(PipelineSpec spec, std::int64_t vocabulary_size, SpecialTokens special) {
  return {std::make_shared<Pipeline>(std::move(spec)), std::move(special), vocabulary_size, false};
}

}  // namespace

ModelTokenizer read_wordpiece_list(const fs::path& path) {
  WordPieceSpec spec;
  each_line(read_model_file(path), [&](std::string_view line) { spec.vocabulary.emplace_back(line); });
  spec.rules = read_rules(path.parent_path() / "tokenizer_config.json");
  for (const char* token : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "<pad>", "</s>", "<mask>"}) {
    const auto id = id_of(spec.vocabulary, token);
    if (id >= 0) spec.added.push_back({token, id, false, token == std::string_view("<mask>"), false, false});
  }
  (void)required(spec.vocabulary, "[UNK]", path);
  ModelTokenizer result;
  result.vocabulary_size = static_cast<std::int64_t>(spec.vocabulary.size());
  result.lowercase = spec.rules.lowercase;
  if (id_of(spec.vocabulary, "[CLS]") < 0 && id_of(spec.vocabulary, "<s>") >= 0) {  // MPNet
    const auto end = required(spec.vocabulary, "</s>", path);
    result.special = {{id_of(spec.vocabulary, "<s>")}, {end, end}, {end}};
  } else {
    const auto sep = required(spec.vocabulary, "[SEP]", path);
    result.special = {{required(spec.vocabulary, "[CLS]", path)}, {sep}, {sep}};
  }
  result.tokenizer = std::make_shared<WordPiece>(std::move(spec));
  return result;
}

ModelTokenizer read_byte_level(const fs::path& folder) {
  const auto list = folder / "vocab.json";
  const auto merges_path = folder / "merges.txt";
  const auto settings = folder / "tokenizer_config.json";
  std::unordered_map<std::string, std::int32_t> vocabulary;
  std::int64_t size = 0;
  const auto file = read_json(list);
  for (const auto& [spelling, id] : file.items()) {
    const auto value = id.is_number_integer() ? id.get<std::int64_t>() : -1;
    if (value < 0 || value >= most_ids) throw ModelError(list.string(), spelling, "has an impossible id");
    vocabulary[spelling] = static_cast<std::int32_t>(value);
    size = std::max(size, value + 1);
  }
  const auto text = read_model_file(merges_path);
  std::vector<std::pair<std::string, std::string>> merges;
  each_line(text, [&](std::string_view line) {
    if (line.empty() || line.starts_with("#version")) return;
    const auto space = line.find(' ');
    if (space == std::string_view::npos)
      throw ModelError(merges_path.string(), std::string(line.substr(0, 40)), "is no pair of tokens");
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  });
  PipelineSpec spec;
  spec.added = roberta_tokens(vocabulary);
  std::vector<Pretokeniser> cuts;
  const bool prefix =
      fs::exists(settings) && json_value(read_json(settings), "add_prefix_space", false, settings);
  if (prefix) cuts.push_back(prefix_space());
  cuts.push_back(gpt_split(GptPattern::gpt2));
  spec.pretokeniser = in_sequence(std::move(cuts));
  spec.model = std::make_shared<Bpe>(bpe_spec(vocabulary, merges, true, merges_path));
  spec.source = Hasher("byte level").add(read_model_file(list)).add(text).add(prefix ? 1 : 0).finish();
  SpecialTokens special;
  if (vocabulary.contains("<s>") && vocabulary.contains("</s>")) {
    const auto end = vocabulary.at("</s>");
    special = {{vocabulary.at("<s>")}, {end, end}, {end}};
  }
  return piped(std::move(spec), size, std::move(special));
}

ModelTokenizer read_tiktoken(const fs::path& path) {
  const auto name = path.stem().string();
  const bool old = name == "r50k_base" || name == "p50k_base" || name == "gpt2";
  if (!old && name != "cl100k_base") {
    throw ModelError(path.string(), "",
                     "is named after no encoding that this build knows; supported: cl100k_base, p50k_base, "
                     "r50k_base, gpt2");
  }
  const auto text = read_model_file(path);
  std::vector<RankedToken> tokens;
  std::int64_t size = 0;
  each_line(text, [&](std::string_view line) {
    if (line.empty()) return;
    const auto space = line.find(' ');
    const auto bytes = from_base64(line.substr(0, space));
    const auto digits = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    const bool is_number = !digits.empty() && digits.size() < 9 &&
                           digits.find_first_not_of("0123456789") == std::string_view::npos;
    // Every way to halve a token is looked at.
    if (!bytes || bytes->empty() || bytes->size() > 1000 || !is_number)
      throw ModelError(path.string(), std::string(line.substr(0, 40)), "is no token with its rank");
    const auto rank = std::stoll(std::string(digits));
    if (rank >= most_ids)
      throw ModelError(path.string(), std::string(line.substr(0, 40)), "has no possible rank");
    tokens.push_back({*bytes, static_cast<std::int32_t>(rank), static_cast<std::int32_t>(rank)});
    size = std::max<std::int64_t>(size, rank + 1);
  });
  BpeSpec model;
  for (const auto& token : tokens) model.vocabulary.emplace_back(token.spelling, token.id);
  model.merges = merges_of(tokens);
  model.ignore_merges = true;
  model.byte_level = true;
  PipelineSpec spec;
  spec.pretokeniser = gpt_split(old ? GptPattern::gpt2 : GptPattern::tiktoken);
  spec.model = std::make_shared<Bpe>(std::move(model));
  spec.source = Hasher("tiktoken").add(name).add(text).finish();
  return piped(std::move(spec), size, {});
}

}  // namespace dream::text
