#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

/// What comm_bench moves, and what must arrive.
namespace dream::jobs {

using Words = std::vector<std::uint64_t>;
inline constexpr std::int64_t word_bytes = sizeof(std::uint64_t);

enum class Verb { broadcast, all_gather_v, all_to_all_v, all_reduce };
inline constexpr Verb all_verbs[] = {Verb::broadcast, Verb::all_gather_v, Verb::all_to_all_v,
                                     Verb::all_reduce};
[[nodiscard]] std::string_view name_of(Verb verb);

/// A rank's part in one call of a verb. Words are made from seed, sender, receiver and place, so every rank
/// can say what any other must have sent.
struct Load {
  Verb verb = Verb::broadcast;
  std::int64_t bytes = 0;            ///< the verb's size, as bus_factor() means it
  Words out;                         ///< what this rank gives; broadcast overwrites it
  std::vector<std::int64_t> counts;  ///< words: given by each rank (all_gather_v), to each (all_to_all_v)
  std::int64_t in = 0;               ///< words that arrive
  std::uint64_t expected = 0;        ///< checksum() of them
};

/// About `bytes`, and at least a word for each piece.
[[nodiscard]] Load make_load(Verb verb, int rank, int ranks, std::int64_t bytes, std::uint64_t seed);

/// Words times their places, modulo 2^64: exact in any order, and it sees a word in a wrong place.
[[nodiscard]] std::uint64_t checksum(const Words& words);

/// What the busiest link carries for each byte of the size, whatever the algorithm; so algorithm bandwidth
/// (size / time) times this can be compared with the speed of the links, for any number n of ranks:
///   broadcast      size: the message. Each rank but one gets it once: 1
///   all_gather_v   size: all pieces together. Each rank gets all but its own: (n - 1) / n
///   all_to_all_v   size: what a rank gives. All but the piece that stays: (n - 1) / n
///   all_reduce     size: the vector. Every place goes to where it is summed, and back: 2 (n - 1) / n
[[nodiscard]] double bus_factor(Verb verb, int ranks);

}  // namespace dream::jobs
