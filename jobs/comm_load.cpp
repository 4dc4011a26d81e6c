#include "jobs/comm_load.hpp"

#include <algorithm>
#include <numeric>

#include "base/errors.hpp"

namespace dream::jobs {
namespace {

/// Of a word's value: the sum of all ranks' words still fits an int64.
constexpr int word_bits = 40;
constexpr std::uint64_t most_ranks = 65536;

struct Maker {
  std::uint64_t seed;

  [[nodiscard]] std::uint64_t word(int from, int to, std::int64_t place) const {
    const auto pair = static_cast<std::uint64_t>(from) * most_ranks + static_cast<std::uint64_t>(to) + 1;
    auto x = seed + 0x9e3779b97f4a7c15U * static_cast<std::uint64_t>(place) + 0xd1342543de82ef95U * pair;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return (x ^ (x >> 31)) >> (64 - word_bits);
  }
  /// A piece, appended.
  void add(Words& words, int from, int to, std::int64_t count) const {
    for (std::int64_t i = 0; i < count; ++i) words.push_back(word(from, to, i));
  }
};

/// The pieces of all ranks, one after the other.
Words pieces(int ranks, const auto& add_piece) {
  Words words;
  for (int rank = 0; rank < ranks; ++rank) add_piece(words, rank);
  return words;
}

/// What arrives at `rank`.
Words arriving(const Load& load, const Maker& make, int rank, int ranks, std::int64_t count) {
  Words words;
  switch (load.verb) {
    case Verb::broadcast:
      make.add(words, 0, 0, count);
      return words;
    case Verb::all_gather_v:
      return pieces(ranks, [&](Words& all, int from) { make.add(all, from, 0, count); });
    case Verb::all_to_all_v:
      return pieces(ranks, [&](Words& all, int from) { make.add(all, from, rank, count); });
    case Verb::all_reduce:
      words.assign(static_cast<std::size_t>(count), 0);
      for (int from = 0; from < ranks; ++from) {
        for (std::int64_t i = 0; i < count; ++i) words[static_cast<std::size_t>(i)] += make.word(from, 0, i);
      }
      return words;
  }
  throw InternalError("unknown verb");
}

}  // namespace

std::string_view name_of(Verb verb) {
  switch (verb) {
    case Verb::broadcast:
      return "broadcast";
    case Verb::all_gather_v:
      return "all_gather_v";
    case Verb::all_to_all_v:
      return "all_to_all_v";
    case Verb::all_reduce:
      return "all_reduce";
  }
  throw InternalError("unknown verb");
}

Load make_load(Verb verb, int rank, int ranks, std::int64_t bytes, std::uint64_t seed) {
  const bool cut = verb == Verb::all_gather_v || verb == Verb::all_to_all_v;
  const auto count = std::max<std::int64_t>(1, bytes / word_bytes / (cut ? ranks : 1));
  const Maker make{seed};
  Load load{.verb = verb, .bytes = count * word_bytes * (cut ? ranks : 1), .out = {}, .counts = {}};
  if (verb == Verb::all_to_all_v)
    load.out = pieces(ranks, [&](Words& all, int to) { make.add(all, rank, to, count); });
  else
    make.add(load.out, rank, 0, count);
  if (cut) load.counts.assign(static_cast<std::size_t>(ranks), count);
  const auto expected = arriving(load, make, rank, ranks, count);
  load.in = std::ssize(expected);
  load.expected = checksum(expected);
  return load;
}

std::uint64_t checksum(const Words& words) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < words.size(); ++i) sum += words[i] * (i + 1);
  return sum;
}

double bus_factor(Verb verb, int ranks) {
  const double others = static_cast<double>(ranks - 1) / ranks;
  switch (verb) {
    case Verb::broadcast:
      return 1;
    case Verb::all_gather_v:
    case Verb::all_to_all_v:
      return others;
    case Verb::all_reduce:
      return 2 * others;
  }
  throw InternalError("unknown verb");
}

}  // namespace dream::jobs
