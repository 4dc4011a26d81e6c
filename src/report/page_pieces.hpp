#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "report/html.hpp"
#include "report/rows.hpp"

/// The pieces that page_data() puts together, and what they share.
namespace dream::report {

/// Six digits behind the point: as many as a picture or a table can use. NaN becomes null.
[[nodiscard]] double shown(double value);

/// At most `most` bytes of a text, cut between characters.
[[nodiscard]] std::string cut(const std::string& text, std::size_t most);

/// The texts and passages that the page's answers refer to by number, each stored once, until the budget of
/// bytes is spent: the page then names the table that has the rest.
class Shelf {
 public:
  Shelf(const Material& m, const PageLimits& limits);

  /// The text's number, or null.
  [[nodiscard]] nlohmann::ordered_json text(const std::string& text);
  /// A passage's number.
  [[nodiscard]] std::size_t passage(int method, const parts::Context& context);

  [[nodiscard]] nlohmann::ordered_json take_texts() { return std::move(texts_); }
  [[nodiscard]] nlohmann::ordered_json take_passages() { return std::move(passages_); }

 private:
  const Material& material_;
  std::size_t left_;
  std::size_t longest_;
  std::unordered_map<std::string, std::size_t> text_numbers_;
  std::map<std::pair<int, ChunkId>, std::size_t> passage_numbers_;
  nlohmann::ordered_json texts_ = nlohmann::ordered_json::array();
  nlohmann::ordered_json passages_ = nlohmann::ordered_json::array();
};

/// What one look at every result finds: how often each reason came up, and the listed trials' objective.
struct Survey {
  std::map<std::pair<std::string, std::string>, std::int64_t> reasons;  ///< (what is missing, reason)
  std::map<std::size_t, std::vector<double>> objective;  ///< trial -> score of each question, or NaN
};
[[nodiscard]] Survey survey(const Material& m, std::span<const std::size_t> listed);

/// The questions that separate the finalists most, with each one's answer, scores and passages.
[[nodiscard]] nlohmann::ordered_json questions_of(const Material& m, std::span<const std::size_t> finalists,
                                                  const Survey& found, const PageLimits& limits,
                                                  Shelf& shelf);

/// The stages that this sweep has, with their nodes and how many trials share each.
[[nodiscard]] nlohmann::ordered_json stage_rows(const Material& m, const PageLimits& limits);

}  // namespace dream::report
