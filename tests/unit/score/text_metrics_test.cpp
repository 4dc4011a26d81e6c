#include "stages/score/text_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "stages/score/quantities.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::score;

namespace {

GoldenQuestion asked(std::string reference) { return {"q", "Q?", std::move(reference), {}, {}}; }

Answer said(std::string text, std::string reason = "") { return {std::move(text), std::move(reason), 0, 0}; }

double number(std::string_view text) {
  const auto found = quantities_of(text);
  BOOST_REQUIRE_MESSAGE(found.size() == 1, text << " has " << found.size() << " quantities");
  return found[0].value;
}

}  // namespace

BOOST_AUTO_TEST_CASE(metrics_are_those_of_the_packages) {
  std::ifstream file(test::data() / "text_metrics" / "rows.json");
  BOOST_REQUIRE(file);
  const auto rows = nlohmann::json::parse(file)["rows"];
  BOOST_TEST(rows.size() >= 200U);
  double worst = 0;
  const auto compare = [&worst](const nlohmann::json& row, const char* metric, auto function) {
    const std::string answer = row["answer"], reference = row["reference"];
    const double difference = std::abs(function(answer, reference) - row[metric].get<double>());
    BOOST_TEST(difference <= 1e-9, metric << " is " << function(answer, reference) << ": " << row.dump());
    worst = std::max(worst, difference);
  };
  for (const auto& row : rows) {
    compare(row, "exact_match", exact_match);
    compare(row, "token_f1", token_f1);
    compare(row, "rouge_l", rouge_l);
    compare(row, "bleu", bleu);
    compare(row, "chrf", chrf);
  }
  BOOST_TEST_MESSAGE(rows.size() << " rows, largest difference " << worst);
}

BOOST_AUTO_TEST_CASE(exact_match_and_token_f1_by_hand, *boost::unit_test::tolerance(1e-12)) {
  BOOST_TEST(exact_match("The  Beyoncé!", "beyoncé") == 1);
  BOOST_TEST(exact_match("308 points", "308") == 0);
  BOOST_TEST(token_f1("308 points", "308") == 2.0 / 3);
  BOOST_TEST(token_f1("the", "an") == 1);
  BOOST_TEST(token_f1("b b b", "b b c") == 2.0 / 3);
}

BOOST_AUTO_TEST_CASE(rouge_l_by_hand, *boost::unit_test::tolerance(1e-12)) {
  BOOST_TEST(rouge_l("the cat ran", "the black cat") == 2.0 / 3);
  BOOST_TEST(rouge_l("running", "runs") == 0);  // no stemmer
  BOOST_TEST(rouge_l("北京", "北京") == 0);     // rouge-score knows a to z alone
}

BOOST_AUTO_TEST_CASE(bleu_by_hand, *boost::unit_test::tolerance(1e-12)) {
  BOOST_TEST(bleu("a b", "a b") == 1);  // effective order: two words have no longer n-grams
  BOOST_TEST(bleu("a b", "a c") == std::sqrt(0.5 * 0.5));
  BOOST_TEST(bleu("a", "a b c") == std::exp(1 - 3.0));
  BOOST_TEST(bleu("x", "y") == 0);
}

BOOST_AUTO_TEST_CASE(chrf_by_hand, *boost::unit_test::tolerance(1e-12)) {
  BOOST_TEST(chrf("a b", "ab") == 1);
  BOOST_TEST(chrf("a", "b") == 0);
  BOOST_TEST(chrf("a", "ab") == 5 * 1 * 0.5 / (4 * 1 + 0.5));
}

BOOST_AUTO_TEST_CASE(quantities_are_read_as_filings_write_them, *boost::unit_test::tolerance(1e-12)) {
  BOOST_TEST(number("$1.2 billion") == 1.2e9);
  BOOST_TEST(number("1,200 million") == 1.2e9);
  BOOST_TEST(number("USD 1.2bn") == 1.2e9);
  BOOST_TEST(number("$(3,400)") == -3400);
  BOOST_TEST(number("a loss of (12.5)%") == -12.5);
  BOOST_TEST(number("(12.5%)") == -12.5);
  BOOST_TEST(number("in fiscal (2022)") == 2022);
  BOOST_TEST(number("-5") == -5);
  BOOST_TEST(number("−$5.1") == -5.1);
  BOOST_TEST(number("1.234.567,89 EUR") == 1234567.89);
  BOOST_TEST(number("1\u00a0234\u00a0567") == 1234567);
  BOOST_TEST(number("1.234") == 1.234);
  BOOST_TEST(number("25 basis points") == 0.25);
  BOOST_TEST(number(".5 percent") == 0.5);
  BOOST_TEST(number("a 10k run") == 10000);
  BOOST_TEST(number("5 months") == 5);
  for (const auto* name : {"Q3", "the 10-K", "COVID-19", "none", "3"}) {
    BOOST_TEST(quantities_of(name).empty() == (std::string_view(name) != "3"), name);
  }
  const auto range = quantities_of("5-10%, or 3 to 4");
  BOOST_REQUIRE(range.size() == 4U);
  BOOST_TEST(range[1].value == 10);
  BOOST_TEST(range[1].unit == "%");
  BOOST_TEST(quantities_of("1,200 1,300").size() == 2U);
}

BOOST_AUTO_TEST_CASE(quantities_agree_within_what_is_written) {
  const auto same = [](const char* a, const char* b) { return numeric_match(a, b).value() == 1; };
  BOOST_TEST(same("$1.2 billion", "1,200 million"));
  BOOST_TEST(same("$1.23 billion", "$1,234 million"));
  BOOST_TEST(!same("$1.2 billion", "$1,234 million"));  // 2.8 %
  BOOST_TEST(!same("about 1 billion", "1.4 billion"));
  BOOST_TEST(same("12%", "12.0 percent"));
  BOOST_TEST(!same("12", "12%"));
  BOOST_TEST(!same("€5", "$5"));
  BOOST_TEST(same("5", "$5"));
  BOOST_TEST(!same("2022", "2023"));
  BOOST_TEST(!same("3,400", "(3,400)"));
  BOOST_TEST(numeric_match("It was 5 and 7.", "5, 6 and 7").value() == 2.0 / 3);
  BOOST_TEST(numeric_match("It was 5.", "5, then 6, then 5 and 5 again").value() == 0.5);
  BOOST_TEST(numeric_match("7", "Two reasons:\n1. It was 7.\n 2) It was late.").value() == 1);
  BOOST_TEST(numeric_match("", "5").value() == 0);
  BOOST_TEST(!numeric_match("5", "none"));
}

BOOST_AUTO_TEST_CASE(quotations_are_looked_up_word_for_word) {
  const std::vector<std::string> contexts{"The bridge was\nopened in 1931.", "It cost 3.5 million crowns."};
  const auto share = [&](const char* answer) { return quoted_spans(answer, contexts); };
  BOOST_TEST(share("It was \"opened in 1931\", they say.").value() == 1);
  BOOST_TEST(share("It was “Opened in 1931.”").value() == 1);
  BOOST_TEST(share("«opened in 1932» and \"cost 3.5 million\"").value() == 0.5);
  BOOST_TEST(share("\"cost 35 million\"").value() == 0);
  BOOST_TEST(share("„1931. It cost“").value() == 0);  // not across contexts
  BOOST_TEST(share("„opened in“").value() == 1);
  for (const auto* none :
       {"", "It's 6\" and 8\" wide.", "\"not closed", "\"a\nb\"", "\"...\"", "a 'single' one"})
    BOOST_TEST(!share(none), none);
}

BOOST_AUTO_TEST_CASE(the_best_of_several_references_counts) {
  auto question = asked("the Ner");
  question.alternatives = {"Ner river", "a river of 12 miles"};
  const auto scores = text_scores(question, said("Ner River"), {});
  BOOST_TEST(scores.at("exact_match").value == 1);
  BOOST_TEST(scores.at("chrf").value < 1);  // case counts
  BOOST_TEST(text_scores(question, said("12 miles"), {}).at("numeric_match").value == 1);
}

BOOST_AUTO_TEST_CASE(what_is_missing_has_a_reason) {
  const auto reasons = [](const GoldenQuestion& question, const Answer& answer) {
    std::map<std::string, std::string> out;
    for (const auto& [name, score] : text_scores(question, answer, {})) out[name] = score.reason;
    return out;
  };
  auto empty = reasons(asked("5"), said("", "timeout"));
  BOOST_TEST(empty.size() == 7U);
  for (const auto& [name, reason] : empty) BOOST_TEST(reason == "empty_answer", name);
  const auto alone = reasons(asked(""), said("It is \"so\"."));
  BOOST_TEST(alone.at("bleu") == "no_reference");
  BOOST_TEST(alone.at("quoted_spans") == "no_context");
  BOOST_TEST(reasons(asked("none"), said("5")).at("numeric_match") == "no_number");
  BOOST_TEST(reasons(asked("5"), said("5")).at("quoted_spans") == "no_quotation");
}

BOOST_AUTO_TEST_CASE(a_question_without_an_answer_is_answered_by_silence) {
  auto question = asked("");
  question.unanswerable = true;
  const auto score = [&](const Answer& answer) { return text_scores(question, answer, {}); };
  BOOST_TEST(score(said("I don't know.")).at("exact_match").value == 1);
  BOOST_TEST(score(said("", "no_evidence")).at("token_f1").value == 1);
  BOOST_TEST(score(said("It is Paris.")).at("exact_match").value == 0);
  BOOST_TEST(score(said("It is Paris.")).at("exact_match").has_value());
  BOOST_TEST(score(said("", "timeout")).at("exact_match").reason == "empty_answer");
  BOOST_TEST(score(said("I don't know.")).at("bleu").reason == "no_reference");
}
