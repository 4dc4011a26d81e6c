#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "sweep/plan.hpp"

/// A sweep that does not exist: how large it is, on how many ranks, what goes wrong, and what things cost.
namespace dream::simulation {

/// Seconds, on a rank at full speed, with a GPU or a good part of a node each.
struct Costs {
  double read_byte = 1 / 20e6;
  double gold_byte = 1 / 200e6;
  double chunk_byte = 1 / 50e6;
  double load_byte = 1 / 200e6;  ///< of documents and chunks
  double bytes_of_text = 1000;   ///< of a document for each chunk
  double embed_text = 1 / 2000.;
  double index_text = 50e-6;
  double search_pair = 0.1e-6;  ///< question x vector
  double merge_hit = 50e-9;
  double select_question = 20e-3;
  double score_question = 2e-3;
  double write_part = 5e-3;
  double message = 2e-6;  ///< sending or receiving
  double byte_sent = 1e-9;
  double nap = 500e-6;     ///< of a rank that waits in a collective
  double call = 2;         ///< mean latency; between half and one and a half of it
  double plan_again = 15;  ///< from the loss of a rank to the first part after it
};

struct World {
  int ranks = 16;
  std::string coordinator = "auto";
  std::int64_t documents = 1'000'000;
  double mean_bytes = 20e3;  ///< of a document; log-normal
  std::int64_t questions = 200;
  std::int64_t buckets = 16'384;
  std::int64_t shards = 256;
  int methods = 25;
  int embedders = 4;
  int top_k = 10;
  int llms = 10;
  std::int64_t in_flight = 0;  ///< of an endpoint that answers; 0: answers are made here
  double slow_share = 0;       ///< of the ranks
  double slow_speed = 0.5;
  std::vector<double> losses;  ///< seconds at which a worker is lost
  std::uint64_t seed = 1;
  Costs costs{};
};

[[nodiscard]] config::Config config_of(const World& world);

/// The plan of the sweep, made by sweep::make_plan().
[[nodiscard]] sweep::Plan plan_of(const World& world);

}  // namespace dream::simulation
