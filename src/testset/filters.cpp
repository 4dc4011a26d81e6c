#include "testset/filters.hpp"

#include <algorithm>
#include <array>

#include "lexical/letters.hpp"
#include "testset/reasons.hpp"

namespace dream::testset {
namespace {

constexpr std::size_t most_question_bytes = 600;
constexpr std::size_t most_reference_bytes = 2000;

/// What a question says that points at a page which its reader does not have. English; other languages are
/// the model's to judge.
constexpr std::array<std::string_view, 22> pointing{"the passage",
                                                    "this passage",
                                                    "the passages",
                                                    "the excerpt",
                                                    "this excerpt",
                                                    "the text above",
                                                    "the above text",
                                                    "in the text",
                                                    "in this text",
                                                    "according to the text",
                                                    "given context",
                                                    "provided context",
                                                    "the context provided",
                                                    "in this document",
                                                    "in the document",
                                                    "the document say",
                                                    "according to the document",
                                                    "in this section",
                                                    "in the table",
                                                    "shown above",
                                                    "mentioned above",
                                                    "table above"};

/// " a b c ": words with a blank around each, to look for whole words.
std::string padded(std::string_view text) {
  std::string out = " ";
  for (const auto& word : lexical::words(text)) out += word + ' ';
  return out;
}

/// Whether a spreadsheet would take the text for a formula. A negative number is none.
bool starts_formula(std::string_view text) {
  if (text.empty()) return false;
  if (std::string_view("=+@").find(text.front()) != std::string_view::npos) return true;
  return text.front() == '-' && (text.size() < 2 || text[1] < '0' || text[1] > '9');
}

bool bad_form(std::string_view text, std::size_t most) {
  return text.empty() || text.size() > most || starts_formula(text);
}

bool gives_answer_away(lexical::Stemmer& stemmer, std::string_view question, std::string_view reference) {
  if (padded(question).find(" or ") != std::string::npos) return false;
  const auto asked = content_words(stemmer, question);
  const auto answer = content_words(stemmer, reference);
  return !answer.empty() && std::ranges::includes(asked, answer);
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte != 0x7f)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string_view fault_of(lexical::Stemmer& stemmer, Kind kind, std::string_view question,
                          std::string_view reference) {
  if (bad_form(question, most_question_bytes) || bad_form(reference, most_reference_bytes))
    return reason::bad_form;
  const auto words = padded(question);
  const auto points = [&](std::string_view phrase) {
    return words.find(' ' + std::string(phrase) + ' ') != std::string::npos;
  };
  if (std::ranges::any_of(pointing, points)) return reason::not_self_contained;
  if (kind != Kind::unanswerable && gives_answer_away(stemmer, question, reference))
    return reason::gives_answer_away;
  return "";
}

bool same_letters(std::string_view a, std::string_view b) {
  return lexical::letters_only(a) == lexical::letters_only(b);
}

bool Duplicates::admit(lexical::Stemmer& stemmer, std::string_view question) {
  Known asked{content_words(stemmer, question), {}, lexical::letters_only(question)};
  for (const auto& word : asked.words) {
    if (lexical::has_digit(word)) asked.numbers.push_back(word);
  }
  const bool repeats = std::ranges::any_of(known_, [&](const Known& known) {
    if (known.letters == asked.letters) return true;
    return known.numbers == asked.numbers && similarity(known.words, asked.words) > most_;
  });
  if (!repeats) known_.push_back(std::move(asked));
  return !repeats;
}

}  // namespace dream::testset
