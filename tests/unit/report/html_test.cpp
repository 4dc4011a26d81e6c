#include "report/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "tests/unit/report/pretended.hpp"
#include "tests/unit/report/unpacked.hpp"

using namespace dream;
using json = nlohmann::json;
using test::Pretended;

namespace {

/// What stands in the page's block of data.
std::string block(const std::string& page) {
  const std::string open = "id=\"data\">";
  const auto begin = page.find(open) + open.size();
  return page.substr(begin, page.find("</script>", begin) - begin);
}

json texts_of(const std::string& page) {
  const std::string open = "id=\"texts\">";
  const auto begin = page.find(open) + open.size();
  return json::parse(test::unpacked(page.substr(begin, page.find("</script>", begin) - begin)));
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

const std::string hostile =
    "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \"quoted\" 'too' \\ "
    "=HYPERLINK(\"http://x\") & "
    "&lt; {{data}} }} \xe2\x80\xa8 \xe2\x80\xa9";

}  // namespace

BOOST_AUTO_TEST_CASE(a_hostile_text_is_data_and_reads_back_as_it_was) {
  const auto page = report::page_of(json{{"text", hostile}, {"texts", {hostile, ""}}}.dump(), "null");
  const auto data = block(page);
  BOOST_TEST(json::parse(data)["text"] == hostile);
  BOOST_TEST(texts_of(page) == json({hostile, ""}));
  BOOST_TEST(data.find_first_of("<>&") == std::string::npos);
  BOOST_TEST(data.find("\xe2\x80\xa8") == std::string::npos);
  BOOST_TEST(data.find("\xe2\x80\xa9") == std::string::npos);
  BOOST_TEST(count(page, "<script") == 3U);
  BOOST_TEST(count(page, "</script>") == 3U);
}

BOOST_AUTO_TEST_CASE(the_page_asks_for_nothing_and_runs_only_its_own_script) {
  const auto page = report::page_of("{\"a\":1}", "null");
  BOOST_TEST(count(page, "default-src 'none'; style-src 'nonce-") == 1U);
  BOOST_TEST(count(page, "{{") == 0U);
  BOOST_TEST(count(page, "innerHTML") == 0U);
  BOOST_TEST(count(page, "src=") == 0U);
  BOOST_TEST(count(page, "url(") == 0U);
  BOOST_TEST(count(page, "http://www.w3.org/2000/svg") == count(page, "://"),
             "the name of SVG is the only address");
  const auto word = [](const std::string& text) { return text.substr(text.find("'nonce-"), 40); };
  BOOST_TEST(word(page) == word(report::page_of("{\"a\":1}", "null")));
  BOOST_TEST(word(page) != word(report::page_of("{\"a\":2}", "null")),
             "a text must not be able to foresee the word");
  BOOST_TEST(word(report::page_of(R"({"texts":["a"]})", "null")) !=
             word(report::page_of(R"({"texts":["b"]})", "null")));
}

BOOST_AUTO_TEST_CASE(the_page_holds_what_the_sweep_found) {
  Pretended sweep(2, 9, 2);
  sweep.remarks = [](int, std::int64_t q) {
    return std::vector<Remark>{{"faithfulness", "it is so", 1, ""},
                               {"faithfulness", hostile, 0, fmt::format("no passage says it of {}", q)}};
  };
  sweep.run([](int t, std::int64_t q) { return fmt::format("{} answer {} {}", hostile, t, q); },
            [](int, std::int64_t, int k) { return fmt::format("passage {} {}", k, hostile); });
  sweep.finished.outcome.failed_documents = {{"bad\xff.pdf", "encrypted", "has a password"}};
  const auto material = sweep.material();
  const auto verdict = sweep.verdict();
  std::filesystem::create_directories(sweep.config.sweep.output);
  report::write_page(sweep.config.sweep.output, report::page_data(material, verdict),
                     report::page_measured(material));
  const auto file = read_file(test::folder() / "results" / "report.html");
  const auto page = json::parse(block(file));

  BOOST_TEST(page["verdict"]["sentence"] == verdict.sentence);
  BOOST_TEST(page["trials"].size() == 4U);
  BOOST_TEST(page["trials"][0]["number"] == 4, "the best is the first");
  BOOST_TEST(page["trials"][0]["behind"].is_null());
  BOOST_TEST(page["trials"][1]["behind"][0].get<double>() < 0);
  BOOST_TEST(page["trials"][1]["behind"][1] <= page["trials"][1]["behind"][0]);
  BOOST_TEST(page["trials"][1]["interval"][0] <= page["trials"][1]["interval"][1]);
  BOOST_TEST(!page["verdict"]["next"].empty());
  BOOST_TEST(page["parameters"] == json({"method", "size", "embedder", "reranker", "top_k", "llm"}));
  BOOST_TEST(page["trials"][0]["parameters"] == json({"overlap", 65, "wide", "none", 2, "quote"}));
  BOOST_TEST(page["questions"].size() == 9U);
  BOOST_TEST(page["questions"][0]["id"] == "q0", "questions 0 and 7 separate the trials most");
  BOOST_TEST(page["questions"][1]["id"] == "q7");

  const auto texts = texts_of(file);
  BOOST_TEST(count(texts.dump(), "passage 0") == 1U, "each text is stored once");
  const auto& cell = page["questions"][1]["answers"][0];
  BOOST_TEST(texts[cell["answer"].get<std::size_t>()] == hostile + " answer 4 7");
  BOOST_TEST(cell["scores"] == json({0.004, nullptr, 1.0}));
  BOOST_TEST(cell["reasons"] == json({"", "no_statement", ""}));
  const auto& remark = cell["remarks"][1];
  BOOST_TEST(remark[0] == "faithfulness");
  BOOST_TEST(texts[remark[1].get<std::size_t>()] == hostile);
  BOOST_TEST(remark[2] == "not supported");
  BOOST_TEST(remark[3] == false);
  BOOST_TEST(texts[remark[4].get<std::size_t>()] == "no passage says it of 7");
  BOOST_TEST(cell["remarks"][0][4] == "", "no reason, no text");
  const auto& passage = page["passages"][cell["contexts"][1][0].get<std::size_t>()];
  BOOST_TEST(texts[passage["file"].get<std::size_t>()] == "manual.txt");
  BOOST_TEST(passage["first"] == 3);
  BOOST_TEST(passage["last"] == 4);
  BOOST_TEST(texts[passage["text"].get<std::size_t>()] == "passage 1 " + hostile);

  BOOST_TEST(page["failures"]["reasons"] ==
             json::parse(R"([["document","encrypted",1],["faithfulness","no_statement",36]])"));
  BOOST_TEST(page["failures"]["documents"][0][0] == "bad\xef\xbf\xbd.pdf");
  BOOST_TEST(page["stages"][8]["nodes"] == 4);
  BOOST_TEST(page["measured"]["ranks"] == 2);
}

BOOST_AUTO_TEST_CASE(only_measured_things_depend_on_the_ranks) {
  Pretended sweep(1, 3, 1);
  sweep.run([](int, std::int64_t) { return "yes"; }, [](int, std::int64_t, int) { return "text"; });
  const auto page = [&] {
    auto data = json::parse(report::page_data(sweep.material(), sweep.verdict()));
    data.erase("measured");
    return data.dump();
  };
  const auto two = page();
  sweep.finished.outcome.ranks.resize(5);
  for (auto& rank : sweep.finished.outcome.ranks) rank.seconds.fill(1.5), rank.parts.fill(3), rank.calls = 7;
  sweep.finished.outcome.hosts = {"a", "b", "c", "d", "e"};
  BOOST_TEST(page() == two);
}

BOOST_AUTO_TEST_CASE(a_spent_budget_leaves_texts_out_and_never_more_than_it_says) {
  Pretended sweep(2, 20, 4);
  sweep.run([](int t, std::int64_t q) { return fmt::format("{} {} {}", t, q, std::string(400, 'a')); },
            [](int t, std::int64_t q, int k) {
              return fmt::format("{} {} {} {}", t, q, k, std::string(400, '<'));
            });
  const auto material = sweep.material();
  const auto verdict = sweep.verdict();
  report::PageLimits limits{.trials = 3, .finalists = 2, .questions = 5, .texts = 9'000, .text = 100};
  const auto data = json::parse(report::page_data(material, verdict, limits));
  BOOST_TEST(data["trials"].size() == 3U);
  BOOST_TEST(data["all_trials"] == 4);
  BOOST_TEST(data["questions"].size() == 5U);
  BOOST_TEST(data["questions"][0]["answers"].size() == 2U);
  BOOST_TEST(data["questions"][4]["answers"][1]["answer"].is_null(), "the least telling question gives way");
  BOOST_TEST(data["questions"][0]["answers"][0]["answer"].is_number());
  for (const auto& text : data["texts"]) BOOST_TEST(text.get<std::string>().size() <= 106U);
  BOOST_TEST(data["texts"].dump().size() <= limits.texts);
}

BOOST_AUTO_TEST_CASE(texts_are_cut_between_characters) {
  Pretended sweep(1, 2, 1);
  sweep.run([](int, std::int64_t) { return "äöü"; }, [](int, std::int64_t, int) { return "text"; });
  const auto verdict = sweep.verdict();
  const auto data = json::parse(report::page_data(sweep.material(), verdict, {.text = 3}));
  const auto answer = data["questions"][0]["answers"][0]["answer"].get<std::size_t>();
  BOOST_TEST(data["texts"][answer] == "ä […]");
}

BOOST_AUTO_TEST_CASE(a_thousand_trials_of_200_questions_stay_under_8_megabytes) {
  // The trials that are not among the best add a row each, and nothing else grows with them.
  Pretended sweep(5, 200, 6);
  const std::string words(1'500, 'w');
  sweep.run([](int t, std::int64_t q) { return fmt::format("answer {} {} {}", t, q, std::string(300, 'a')); },
            [&](int t, std::int64_t q, int k) { return fmt::format("{} {} {} {}", t, q, k, words); });
  const auto text = report::page_data(sweep.material(), sweep.verdict());
  const auto data = json::parse(text);
  const auto row = data["trials"].dump().size() / data["trials"].size();
  const auto bytes = report::page_of(text, report::page_measured(sweep.material())).size();
  BOOST_TEST(data["texts"].dump().size() > 2'000'000U, "a page without texts proves nothing");
  BOOST_TEST(bytes + (1'000 - data["trials"].size()) * row < 8'000'000U);
}
