#pragma once
#include <string_view>

/// Why a candidate was dropped (docs/errors.md), beside the reasons of its calls.
namespace dream::testset::reason {

inline constexpr std::string_view declined = "declined";
inline constexpr std::string_view no_second_passage = "no_second_passage";
inline constexpr std::string_view bad_form = "bad_form";
inline constexpr std::string_view not_self_contained = "not_self_contained";
inline constexpr std::string_view gives_answer_away = "gives_answer_away";
inline constexpr std::string_view not_answerable = "not_answerable";
inline constexpr std::string_view other_answer = "other_answer";
inline constexpr std::string_view answerable = "answerable";
inline constexpr std::string_view one_passage_suffices = "one_passage_suffices";
inline constexpr std::string_view duplicate = "duplicate";

}  // namespace dream::testset::reason
