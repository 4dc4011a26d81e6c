#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/matrix.hpp"
#include "sweep/call_session.hpp"
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// Rows of numbers that a model makes of texts: the vector of a text, or the score of a pair, a row of one
/// number. The model is in this program, or behind an endpoint.
struct RowModel {
  std::string_view row, text;  ///< what they are called in messages: "vector", "text"
  std::string_view work;       ///< what making them is called in a trace: "embed texts"
  std::int64_t cols = 0;       ///< numbers in a row; 0: greet() tells

  /// In this program: texts -> (texts.size(), cols).
  std::function<void(std::span<const std::string_view> texts, MatrixView<float> rows)> make{};

  /// Behind an endpoint, else null.
  const calls::Endpoint* there = nullptr;
  calls::VectorAsker* asker = nullptr;
  std::string prefix{};                         ///< of every text
  void (*arrived)(std::span<float>) = nullptr;  ///< done to each row; null: nothing
  float refused = 0;                            ///< fills the row of a text that is refused for good
  std::string (*shown)(const std::string& text) = nullptr;  ///< in a warning about it; null: as it is
};

/// Makes rows for all ranks together. A text has a home (once.hpp), where its row is made once, however many
/// ranks ask for it, and remembered until `memory_bytes` are held; then all are forgotten, and what is asked
/// for again is made again, to the same bits. A model in this program gets texts as fast as ranks make rows
/// (Run::pace): homes that are slower, or got more, hand some on.
class ModelRows {
 public:
  /// What the rows are counted as on this rank: made, and refused by the endpoint for good.
  struct Counters {
    std::int64_t& made;
    std::int64_t& refused;
  };
  ModelRows(Run& run, RowModel model, Counters counters);

  [[nodiscard]] std::int64_t cols() const { return model_.cols; }

  /// Shows with a first text, whose row is kept like any other, what an endpoint makes of our requests before
  /// anything is paid for, and learns `cols` from it. Collective; rank 0's request counts. Throws
  /// EndpointError when there is no row for it, or one of a length that the config does not state.
  void greet(const Request& first);

  /// A row for the payload of each request, in order. Collective: every rank calls it, with any number of
  /// them. Throws EndpointError when some could not be made for reasons that may pass.
  [[nodiscard]] Matrix rows(const std::vector<Request>& requests);

 private:
  [[nodiscard]] std::vector<Bytes> replies_from_here(const std::vector<Request>& requests);
  [[nodiscard]] std::vector<Served> serve(const std::vector<Request>& requests);
  void make(const std::vector<const Request*>& fresh);
  void ask(const std::vector<const Request*>& fresh);
  void warn_refused(const Request& request, const std::string& reason);

  static constexpr std::int64_t memory_bytes = std::int64_t{1} << 30;

  Run& run_;
  RowModel model_;
  Counters counters_;
  Relief relief_;  ///< of a model in this program
  std::unordered_map<Digest, std::vector<float>> known_;
  Done done_;  ///< by the model in this program, in bytes of text, since Run::pace heard of it
};

}  // namespace dream::sweep
