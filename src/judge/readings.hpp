#pragma once
#include <span>
#include <string>
#include <string_view>

#include "calls/asker.hpp"
#include "judge/queries.hpp"

namespace dream::judge {

/// What one reply says, in the fields of its step, or why it says nothing.
struct Reading {
  std::string reason;
  bool final = true;             ///< false: another run may get a reply
  score::Statements statements;  ///< statements
  score::Verdicts verdicts;  ///< support, usefulness (one, without statement), attribution, classification
  score::MadeUp made_up;     ///< question
};

/// The class of a statement as a verdict: classifications are voted on like any other.
enum Class : std::int64_t { only_reference = 0, shared = 1, only_answer = 2 };

/// Reads a reply. Reasons: those of the call, "truncated", "unparsable", and "schema" for an object without
/// the fields of its step. A verdict may be written as 1, true, 1.0 or "1"; a bare list stands for the object
/// of a `schema` with a list as its one field.
[[nodiscard]] Reading read(Step step, std::string_view schema, const calls::Reply& reply);

/// The same for the object alone.
[[nodiscard]] Reading read_object(Step step, std::string_view object);

/// Whether the model may mend its reply when it is told.
[[nodiscard]] bool can_be_repaired(const Reading& reading);

/// How far the samples of a verdict disagree.
struct Noise {
  std::int64_t votes = 0;  ///< verdicts that were compared with their majority
  std::int64_t flips = 0;  ///< those that differ from it
  void add(const Noise& other) { votes += other.votes, flips += other.flips; }
};

/// The majority of samples of one request: the statements of the first sample that can be read, each with the
/// verdict that most samples give it, and the reason of the first where it is with them. Samples are matched
/// by statement, not by place; a tie stands with the first sample. When none can be read: the first reason.
[[nodiscard]] score::Said<score::Verdicts> vote(std::span<const Reading> samples, Noise& noise);

/// Puts the samples of one request where they belong in a testimony.
void note(score::Testimony& said, const Query& query, std::span<const Reading> samples, Noise& noise);

}  // namespace dream::judge
