#include "stages/generate/extractive.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/errors.hpp"
#include "lexical/sentences.hpp"
#include "lexical/words.hpp"

namespace dream::generate {
namespace {

// BM25's usual constants; a weaker length norm than documents get, since a long sentence is no padded one.
constexpr double k1 = 1.2;
constexpr double b = 0.4;
// What a number or a name adds, as a share of the score, when the question asks for one.
constexpr double kind_bonus = 0.25;

/// What a question asks for, as far as its words tell.
enum class Kind { any, number, name };

Kind kind_of(std::string_view question) {
  const auto words = lexical::words(question);
  const auto has = [&words](std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  const auto has_pair = [&words](std::string_view first, std::string_view second) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] == first && words[i + 1] == second) return true;
    }
    return false;
  };
  for (const auto* second : {"many", "much", "long", "old", "far", "large", "big", "high", "tall", "often"}) {
    if (has_pair("how", second)) return Kind::number;
  }
  if (has("when") || has("year") || has("percent") || has("percentage") || has("date") || has("number"))
    return Kind::number;
  if (has("who") || has("whom") || has("whose") || has("where")) return Kind::name;
  return Kind::any;
}

/// A capital letter that does not begin the sentence: a name, in most languages that have capitals.
bool has_name(std::string_view sentence) {
  for (std::size_t i = 1; i + 1 < sentence.size(); ++i) {
    if (sentence[i - 1] == ' ' && sentence[i] >= 'A' && sentence[i] <= 'Z') return true;
  }
  return false;
}

struct Sentence {
  std::string_view text;
  std::vector<std::string> stems;
  double score = 0;
};

/// Sentences of all contexts; one that comes twice (contexts overlap) only where it comes first.
std::vector<Sentence> sentences_of(std::span<const std::string> contexts, lexical::Stemmer& stemmer) {
  std::vector<Sentence> out;
  std::set<std::vector<std::string>> seen;
  for (const auto& context : contexts) {
    for (const auto text : lexical::sentences(context)) {
      auto stems = stemmer.stems(text);
      if (!stems.empty() && seen.insert(stems).second) out.push_back({text, std::move(stems)});
    }
  }
  return out;
}

/// The words to look for: all but stop words, or all when there are no others.
std::set<std::string> terms_of(std::string_view question, lexical::Stemmer& stemmer) {
  std::set<std::string> terms;
  std::set<std::string> all;
  for (const auto& word : lexical::words(question)) {
    const auto stem = stemmer.stem(word);
    all.insert(stem);
    if (!lexical::is_stop_word(word)) terms.insert(stem);
  }
  return terms.empty() ? all : terms;
}

void score(std::vector<Sentence>& sentences, const std::set<std::string>& terms, Kind kind) {
  std::unordered_map<std::string, std::int64_t> frequency;  // sentences that have the term
  double words = 0;
  for (const auto& sentence : sentences) {
    words += static_cast<double>(sentence.stems.size());
    for (const auto& stem : std::set(sentence.stems.begin(), sentence.stems.end())) {
      if (terms.count(stem) != 0) ++frequency[stem];
    }
  }
  const auto n = static_cast<double>(sentences.size());
  for (auto& sentence : sentences) {
    std::map<std::string, double> counts;  // ordered: the sum below has one order
    for (const auto& stem : sentence.stems) {
      if (terms.count(stem) != 0) counts[stem] += 1;
    }
    const double norm = k1 * (1 - b + b * static_cast<double>(sentence.stems.size()) * n / words);
    for (const auto& [stem, count] : counts) {
      const auto df = static_cast<double>(frequency[stem]);
      sentence.score += std::log(1 + (n - df + 0.5) / (df + 0.5)) * count * (k1 + 1) / (count + norm);
    }
    const bool fits = (kind == Kind::number && lexical::has_digit(sentence.text)) ||
                      (kind == Kind::name && has_name(sentence.text));
    if (fits) sentence.score *= 1 + kind_bonus;
  }
}

}  // namespace

Extractive::Extractive(const Params& params)
    : sentences_(static_cast<std::size_t>(params.get<std::int64_t>("sentences"))) {
  DREAM_CHECK(sentences_ >= 1, "an extractive answer needs at least one sentence");
}

Answer Extractive::answer(std::string_view question, std::span<const std::string> contexts) const {
  lexical::Stemmer stemmer;
  auto sentences = sentences_of(contexts, stemmer);
  Answer answer;
  if (sentences.empty()) {
    answer.reason = "no_context";
    return answer;
  }
  score(sentences, terms_of(question, stemmer), kind_of(question));
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    if (sentences[i].score > 0) order.push_back(i);
  }
  if (order.empty()) {
    answer.reason = "no_evidence";
    return answer;
  }
  std::stable_sort(order.begin(), order.end(), [&sentences](std::size_t x, std::size_t y) {
    return sentences[x].score > sentences[y].score;
  });
  order.resize(std::min(order.size(), sentences_));
  std::sort(order.begin(), order.end());
  for (const auto i : order) {
    if (!answer.text.empty()) answer.text += ' ';
    answer.text += sentences[i].text;
  }
  return answer;
}

const ComponentInfo& extractive_info() {
  static const ComponentInfo info{
      "extractive",
      "quotes the sentences that share most with the question; built in, no model",
      {{"sentences", std::int64_t{2}, "sentences in an answer", 1, 100}}};
  return info;
}

}  // namespace dream::generate
