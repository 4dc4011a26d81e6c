#include "stages/score/retrieval.hpp"

#include <cmath>

#include "base/errors.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using score::ContextPlace;

namespace {

const Digest a = digest_of("a");
const Digest b = digest_of("b");

GoldItem item(const Digest& document, std::int64_t begin, std::int64_t end) {
  return {{{document, {begin, end}, false}}};
}

GoldItem whole(const Digest& document) { return {{{document, {0, 1000}, true}}}; }

struct Values {
  double hit, recall, mrr, ndcg;
  bool operator==(const Values&) const = default;
};

Values values(const std::vector<ContextPlace>& contexts, const std::vector<GoldItem>& gold) {
  const auto scores = score::retrieval_scores(contexts, gold);
  for (const auto& [name, score] : scores) BOOST_TEST(score.has_value(), name);
  return {scores.at("hit_rate").value, scores.at("recall").value, scores.at("mrr").value,
          scores.at("ndcg").value};
}

void check(const Values& got, const Values& expected) {
  namespace tt = boost::test_tools;
  BOOST_TEST(got.hit == expected.hit, tt::tolerance(1e-12));
  BOOST_TEST(got.recall == expected.recall, tt::tolerance(1e-12));
  BOOST_TEST(got.mrr == expected.mrr, tt::tolerance(1e-12));
  BOOST_TEST(got.ndcg == expected.ndcg, tt::tolerance(1e-12));
}

const double second = 1 / std::log2(3.0);

}  // namespace

BOOST_AUTO_TEST_CASE(covered_bytes_count_once) {
  BOOST_TEST(score::covered_bytes({{5, 8}, {0, 4}, {2, 6}, {20, 30}}, {1, 10}) == 7);
  BOOST_TEST(score::covered_bytes({{0, 100}, {10, 20}}, {10, 20}) == 10);
  BOOST_TEST(score::covered_bytes({}, {0, 5}) == 0);
  BOOST_TEST(score::covered_bytes({{7, 9}}, {9, 12}) == 0);
}

BOOST_AUTO_TEST_CASE(relevance_is_half_of_either) {
  const GoldSpan gold{a, {100, 200}, false};
  BOOST_TEST(score::is_relevant({a, {{0, 150}}}, gold));  // half of the gold
  BOOST_TEST(!score::is_relevant({a, {{0, 149}}}, gold));
  BOOST_TEST(score::is_relevant({a, {{190, 210}}}, gold));  // half of the context
  BOOST_TEST(!score::is_relevant({a, {{191, 211}}}, gold));
  BOOST_TEST(score::is_relevant({a, {{100, 125}, {150, 175}, {300, 900}}}, gold));
  BOOST_TEST(!score::is_relevant({b, {{100, 200}}}, gold));
  BOOST_TEST(!score::is_relevant({a, {{200, 300}}}, gold));
  BOOST_TEST(score::is_relevant({a, {{5000, 5001}}}, {a, {0, 10}, true}));
}

BOOST_AUTO_TEST_CASE(one_item_at_a_rank) {
  const std::vector gold{item(a, 100, 200)};
  check(values({{a, {{100, 200}}}, {b, {{0, 9}}}}, gold), {1, 1, 1, 1});
  check(values({{b, {{0, 9}}}, {a, {{120, 220}}}}, gold), {1, 0.8, 0.5, second});
  check(values({{b, {{0, 9}}}, {b, {{9, 19}}}}, gold), {0, 0, 0, 0});
  check(values({}, gold), {0, 0, 0, 0});
  // Irrelevant contexts still cover some of the gold: recall is about characters.
  check(values({{a, {{0, 120}}}}, gold), {0, 0.2, 0, 0});
  // A second relevant context for the same item adds nothing to nDCG.
  check(values({{a, {{100, 200}}}, {a, {{100, 200}}}}, gold), {1, 1, 1, 1});
}

BOOST_AUTO_TEST_CASE(several_items) {
  const std::vector gold{item(a, 0, 100), item(b, 0, 300)};
  check(values({{a, {{0, 100}}}, {b, {{0, 300}}}}, gold), {1, 1, 1, 1});
  check(values({{a, {{0, 100}}}}, gold),
        {1, 0.25, 1, 1});  // one context can meet one item: the ideal has one as well
  check(values({{a, {{0, 100}}}, {a, {{500, 600}}}}, gold), {1, 0.25, 1, 1 / (1 + second)});
  // A context that holds both is worth two.
  const std::vector near{item(a, 0, 100), item(a, 100, 200)};
  check(values({{a, {{0, 200}}}, {b, {{0, 9}}}}, near), {1, 1, 1, 1});
  check(values({{b, {{0, 9}}}, {a, {{0, 200}}}}, near), {1, 1, 0.5, 2 * second / (1 + second)});
}

BOOST_AUTO_TEST_CASE(any_place_of_an_item_will_do) {
  const std::vector<GoldItem> gold{{{{a, {0, 100}, false}, {b, {50, 150}, false}}}};
  check(values({{b, {{50, 150}}}}, gold), {1, 1, 1, 1});
  check(values({{a, {{0, 60}}}, {b, {{50, 80}}}}, gold), {1, 0.6, 1, 1});
}

BOOST_AUTO_TEST_CASE(whole_documents_count_as_documents) {
  const std::vector gold{whole(a), whole(b)};
  check(values({{a, {{7, 8}}}, {a, {{9, 10}}}}, gold), {1, 0.5, 1, 1 / (1 + second)});
  // With a document among the items all weigh the same.
  check(values({{a, {{7, 8}}}}, {whole(a), item(b, 0, 10)}), {1, 0.5, 1, 1});
}

BOOST_AUTO_TEST_CASE(no_gold_is_no_value) {
  const auto scores = score::retrieval_scores({}, {});
  BOOST_TEST(scores.size() == 4U);
  for (const auto& [name, score] : scores) BOOST_TEST(score.reason == "no_gold", name);
}

BOOST_AUTO_TEST_CASE(ndcg_of_ids_follows_trec_eval, *boost::unit_test::tolerance(1e-12)) {
  const std::unordered_map<std::string, int> grades{{"d1", 3}, {"d2", 1}, {"d3", 0}, {"d4", -1}, {"d5", 2}};
  const std::vector<std::string> ranked{"d4", "d2", "x", "d1"};
  const double ideal = 3 + 2 * second + 0.5;
  BOOST_TEST(score::ndcg_at_k(ranked, grades, 10) == (second + 3 / std::log2(5.0)) / ideal);
  BOOST_TEST(score::ndcg_at_k(ranked, grades, 2) == second / (3 + 2 * second));
  BOOST_TEST(score::ndcg_at_k(std::vector<std::string>{"d1", "d5", "d2"}, grades, 3) == 1.0);
  BOOST_TEST(score::ndcg_at_k(ranked, {{"d3", 0}}, 10) == 0.0);
  BOOST_TEST(score::ndcg_at_k({}, grades, 10) == 0.0);
  BOOST_CHECK_THROW((void)score::ndcg_at_k(ranked, grades, 0), InternalError);
}

BOOST_AUTO_TEST_CASE(grades_weigh_what_is_found_as_trec_eval_does) {
  const Digest c = digest_of("c");
  const auto graded = [](const Digest& document, std::int64_t grade) {
    auto item = whole(document);
    item.grade = grade;
    return item;
  };
  const std::vector<GoldItem> gold{graded(a, 1), graded(b, 4), graded(c, 2)};
  const auto place = [](const Digest& document) { return ContextPlace{document, {{0, 10}}}; };
  const auto ndcg = [&](const std::vector<ContextPlace>& contexts) { return values(contexts, gold).ndcg; };
  namespace tt = boost::test_tools;
  BOOST_TEST(ndcg({place(b), place(c), place(a)}) == 1.0, tt::tolerance(1e-12));
  BOOST_TEST(ndcg({place(b)}) == 1.0, tt::tolerance(1e-12));
  const std::unordered_map<std::string, int> grades{{"a", 1}, {"b", 4}, {"c", 2}};
  const std::vector<std::string> ranked{"a", "x", "b"};
  BOOST_TEST(ndcg({place(a), place(digest_of("x")), place(b)}) == score::ndcg_at_k(ranked, grades, 3),
             tt::tolerance(1e-12));
}
