#pragma once
#include <filesystem>

#include "text/model_tokenizer.hpp"

/// One reader for each form in which models bring their tokens. All throw ModelError.
namespace dream::text {

/// tokenizer.json; what tokenizer_config.json beside it says of BERT's rules outranks it.
[[nodiscard]] ModelTokenizer read_tokenizer_json(const std::filesystem::path& path);
/// vocab.txt of BERT and MPNet: a token a line.
[[nodiscard]] ModelTokenizer read_wordpiece_list(const std::filesystem::path& path);
/// A model file of sentence-piece. Ids are those of Hugging Face: the file's own, but for XLM-R, which
/// moves them.
[[nodiscard]] ModelTokenizer read_sentencepiece(const std::filesystem::path& path);
/// vocab.json and merges.txt of RoBERTa and GPT-2.
[[nodiscard]] ModelTokenizer read_byte_level(const std::filesystem::path& folder);
/// A rank file of tiktoken: cl100k_base.tiktoken, or the older r50k_base, p50k_base and gpt2 by name.
[[nodiscard]] ModelTokenizer read_tiktoken(const std::filesystem::path& path);

/// Ids beyond this are lies: none must make us allocate the machine's memory.
inline constexpr std::int64_t most_ids = 10'000'000;

}  // namespace dream::text
