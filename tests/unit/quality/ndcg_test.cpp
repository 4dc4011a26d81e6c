// Retrieval quality on real documents against anchors that other tools measured (sentence-transformers'
// all-MiniLM-L6-v2, cosine, scored with pytrec_eval). Every passage is scored, so nothing but the vectors
// decides.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <sstream>

#include "base/file.hpp"
#include "golden/golden.hpp"
#include "kernels/api/precision.hpp"
#include "stages/embed/embedder.hpp"
#include "tests/support/test.hpp"

using namespace dream;
namespace test = dream::test;
namespace fs = std::filesystem;

namespace {

using Relevant = std::vector<std::set<std::size_t>>;  ///< of each question: places in the passages

std::unique_ptr<embed::Embedder> minilm(const std::string& precision) {
  const auto* row = embed::embedder_row("transformer");
  auto params = defaults_of(row->info);
  params.set("precision", precision);
  params.set("path", test::minilm().string());
  return row->make(params, 2);
}

Matrix embed_all(const embed::Embedder& embedder, const std::vector<std::string>& texts, embed::Role role) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  Matrix out(std::ssize(texts), embedder.dimension());
  embedder.embed(views, role, out.view(), no_pulse());
  return out;
}

/// The places of the ten best passages for one question.
std::vector<std::size_t> best_ten(const Matrix& passages, std::span<const float> question) {
  std::vector<double> scores;
  for (std::int64_t p = 0; p < passages.rows; ++p) {
    const auto passage = passages.row(p);
    scores.push_back(std::inner_product(passage.begin(), passage.end(), question.begin(), 0.0));
  }
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::partial_sort(order, order.begin() + 10, [&](auto a, auto b) { return scores[a] > scores[b]; });
  order.resize(10);
  return order;
}

/// Mean nDCG@10 with gains of 0 and 1; a question without a relevant passage is left out, as pytrec_eval
/// does.
double ndcg_at_10(const std::vector<std::string>& passages, const std::vector<std::string>& questions,
                  const Relevant& relevant, const std::string& precision) {
  const auto embedder = minilm(precision);
  const auto passage_vectors = embed_all(*embedder, passages, embed::Role::passage);
  const auto question_vectors = embed_all(*embedder, questions, embed::Role::query);
  double sum = 0;
  int count = 0;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    if (relevant[q].empty()) continue;
    const auto best = best_ten(passage_vectors, question_vectors.row(static_cast<std::int64_t>(q)));
    double gained = 0, ideal = 0;
    for (std::size_t i = 0; i < best.size(); ++i) {
      const double gain = 1 / std::log2(static_cast<double>(i) + 2);
      if (relevant[q].contains(best[i])) gained += gain;
      if (i < relevant[q].size()) ideal += gain;
    }
    sum += gained / ideal;
    ++count;
  }
  return sum / count;
}

/// float32 against the anchor, and the faster precisions against float32.
void check(const std::vector<std::string>& passages, const std::vector<std::string>& questions,
           const Relevant& relevant, double anchor) {
  const auto fp32 = ndcg_at_10(passages, questions, relevant, "fp32");
  BOOST_TEST(std::abs(fp32 - anchor) <= 0.005, "nDCG@10 " << fp32);
  if (!kernels::cpu::supports(kernels::Precision::bf16)) return;
  for (const auto& [precision, bound] : {std::pair{"bf16", 0.003}, {"int8", 0.01}}) {
    const auto found = ndcg_at_10(passages, questions, relevant, precision);
    BOOST_TEST_MESSAGE("nDCG@10 " << fp32 << ", " << precision << ' ' << found);
    BOOST_TEST(std::abs(found - fp32) <= bound, precision << ": nDCG@10 " << found);
  }
}

/// The texts between blank lines.
std::vector<std::string> paragraphs_of(const std::string& text) {
  std::vector<std::string> paragraphs;
  std::istringstream lines(text);
  std::string paragraph;
  const auto end = [&] {
    if (!paragraph.empty()) paragraphs.push_back(paragraph);
    paragraph.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos)
      end();
    else
      paragraph += (paragraph.empty() ? "" : "\n") + line;
  }
  end();
  return paragraphs;
}

std::vector<nlohmann::json> json_lines(const fs::path& path) {
  std::vector<nlohmann::json> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

}  // namespace

BOOST_AUTO_TEST_CASE(minilm_ranks_squad_as_its_anchor,
                     *boost::unit_test::label("realdata") * boost::unit_test::label("slow")) {
  const auto data = test::realdata() / "squad";
  std::vector<std::string> passages;
  for (const auto& entry : fs::directory_iterator(data / "docs")) {
    const auto more = paragraphs_of(read_file(entry.path()));
    passages.insert(passages.end(), more.begin(), more.end());
  }
  std::ranges::sort(passages);  // the listing's order is the file system's
  BOOST_TEST(passages.size() == 1100U);

  std::vector<std::string> questions;
  Relevant relevant;
  for (const auto& row : golden::load(data / "questions.csv")) {
    questions.push_back(row.question);
    auto& own = relevant.emplace_back();
    for (std::size_t p = 0; p < passages.size(); ++p) {
      if (passages[p] == row.contexts.at(0)) own.insert(p);
    }
    BOOST_TEST(own.size() == 1U, row.question);
  }
  BOOST_TEST(questions.size() == 612U);
  check(passages, questions, relevant, 0.8027);
}

BOOST_AUTO_TEST_CASE(minilm_ranks_cranfield_as_its_anchor,
                     *boost::unit_test::label("realdata") * boost::unit_test::label("slow")) {
  const auto data = test::realdata() / "cranfield";
  std::vector<std::string> passages, questions;
  std::map<std::string, std::size_t> passage_at, question_at;
  for (const auto& row : json_lines(data / "corpus.jsonl")) {
    passage_at[row.at("_id")] = passages.size();
    passages.push_back(row.at("title").get<std::string>() + " " + row.at("text").get<std::string>());
  }
  for (const auto& row : json_lines(data / "queries.jsonl")) {
    question_at[row.at("_id")] = questions.size();
    questions.push_back(row.at("text"));
  }
  BOOST_TEST(passages.size() == 1400U);
  BOOST_TEST(questions.size() == 225U);
  Relevant relevant(questions.size());
  std::ifstream judgements(data / "qrels" / "test.tsv");
  std::string query, document, score;
  std::getline(judgements, query);  // header
  while (judgements >> query >> document >> score)
    relevant[question_at.at(query)].insert(passage_at.at(document));
  check(passages, questions, relevant, 0.5090);
}
