#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "stages/score/judge.hpp"
#include "stages/types.hpp"

/// Metrics that compare texts, without any model. docs/metrics.md defines each.
namespace dream::score {

/// 1 when answer and reference are equal after SQuAD's normalisation (squad_words), else 0.
[[nodiscard]] double exact_match(std::string_view answer, std::string_view reference);

/// F1 of the words that both have, after SQuAD's normalisation; two texts without words are equal.
[[nodiscard]] double token_f1(std::string_view answer, std::string_view reference);

/// What SQuAD compares: the text in small letters, without ASCII punctuation, without "a", "an" and "the",
/// cut at white space.
[[nodiscard]] std::vector<std::string> squad_words(std::string_view text);

/// F of the longest common subsequence of words: rouge-score's rougeL without its stemmer.
[[nodiscard]] double rouge_l(std::string_view answer, std::string_view reference);

/// sacrebleu's sentence_bleu (tokenizer 13a, effective order, exponential smoothing), 0 to 1.
[[nodiscard]] double bleu(std::string_view answer, std::string_view reference);

/// sacrebleu's sentence_chrf (six orders, beta 2, white space left out), 0 to 1.
[[nodiscard]] double chrf(std::string_view answer, std::string_view reference);

/// Share of the reference's distinct quantities that the answer has; nothing when the reference has none.
[[nodiscard]] std::optional<double> numeric_match(std::string_view answer, std::string_view reference);

/// Share of the answer's quotations that stand in one of the contexts, word for word; nothing when the answer
/// quotes nothing.
[[nodiscard]] std::optional<double> quoted_spans(std::string_view answer,
                                                 std::span<const std::string> contexts);

/// The seven of them for one answer. With several accepted references the best counts. Reasons:
/// "empty_answer", "no_reference", "no_context", "no_number", "no_quotation". A question that has no answer
/// is answered right by saying nothing or by evading: exact_match and token_f1 are 1 for that and 0 for
/// anything else.
[[nodiscard]] Scores text_scores(const GoldenQuestion& question, const Answer& answer,
                                 std::span<const std::string> contexts);

}  // namespace dream::score
