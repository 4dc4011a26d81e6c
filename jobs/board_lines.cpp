#include "jobs/board_lines.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dream::jobs {
namespace {

/// "1.2 k", "34 k", "5.6 M"
std::string short_number(std::int64_t value) {
  if (value < 10'000) return std::to_string(value);
  const auto number = static_cast<double>(value);
  if (value < 1'000'000) return fmt::format("{:.0f} k", number / 1e3);
  return fmt::format("{:.1f} M", number / 1e6);
}

std::string money(double usd) {
  return usd >= 1 || usd == 0 ? fmt::format("${:.2f}", usd) : fmt::format("${:.4f}", usd);
}

std::string span_of_time(double seconds) {
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto s = static_cast<std::int64_t>(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

/// Parts a second, and what is left at that rate: an estimate that knows only this stage.
std::string rate_of(const BoardView& view) {
  const auto fresh = view.done - view.reused;
  if (fresh <= 0 || view.done >= view.items) return "";
  const double rate = static_cast<double>(fresh) / std::max(view.seconds, 1e-3);
  return fmt::format("{:.1f}/s, {} left", rate,
                     span_of_time(static_cast<double>(view.items - view.done) / rate));
}

bool has_calls(const BoardView& view) { return view.in_flight > 0 || view.sent > 0; }

/// "24 calls in flight", "1204 sent", "$1.23 of $5.00", ...: the most wanted first.
std::vector<std::string> calls_of(const BoardView& view) {
  std::vector<std::string> news{
      fmt::format("{} call{} in flight", view.in_flight, view.in_flight == 1 ? "" : "s")};
  if (view.budget_usd > 0)
    news.push_back(fmt::format("{} of {}", money(view.usd), money(view.budget_usd)));
  else if (view.usd > 0)
    news.push_back(fmt::format("{} spent", money(view.usd)));
  if (view.budget_tokens > 0)
    news.push_back(
        fmt::format("{} of {} tokens", short_number(view.tokens), short_number(view.budget_tokens)));
  news.push_back(fmt::format("{} sent", short_number(view.sent)));
  if (view.sent_here > 0)
    news.push_back(
        fmt::format("{:.1f} calls/s", static_cast<double>(view.sent_here) / std::max(view.seconds, 1e-3)));
  if (view.budget_tokens == 0 && view.tokens > 0)
    news.push_back(fmt::format("{} tokens", short_number(view.tokens)));
  return news;
}

std::string leader_text(const Leader& leader) {
  return fmt::format("{} {:.3f} +- {:.3f} (95 %, {} questions), {}", leader.metric, leader.mean,
                     leader.half_width, leader.questions, leader.trial);
}

/// The last column is left free: some terminals wrap there.
std::size_t width_of(const Look& look) { return static_cast<std::size_t>(std::max(look.width - 1, 1)); }

/// As many of `news` as the width has room for; one at least, cut.
std::string fit(const std::string& head, const std::vector<std::string>& news, std::size_t width) {
  std::string line = fmt::format("  {:<7} ", head);
  for (std::size_t i = 0; i < news.size(); ++i) {
    const auto more = (i > 0 ? ", " : "") + news[i];
    if (i > 0 && line.size() + more.size() > width) break;
    line += more;
  }
  if (line.size() > width) line = line.substr(0, width > 3 ? width - 3 : 0) + "...";
  return line.substr(0, width);
}

/// The stage as a bar, and `news` of it.
std::string bar_line(const BoardView& view, const Look& look, std::vector<std::string> news) {
  const std::size_t bar = look.width < 60 ? 10 : look.width < 100 ? 24 : 40;
  const auto full =
      view.items > 0
          ? std::min(bar, bar * static_cast<std::size_t>(view.done) / static_cast<std::size_t>(view.items))
          : bar;
  const auto drawn = "[" + std::string(full, '=') + std::string(bar - full, ' ') + "] ";
  news.front() = drawn + news.front();
  const auto line = fit(view.stage, news, width_of(look));
  const auto begin = line.find('[');
  if (!look.colour || full == 0 || begin == std::string::npos) return line;
  const auto end = std::min(line.size(), begin + 1 + full);
  return line.substr(0, begin + 1) + "\x1b[32m" + line.substr(begin + 1, end - begin - 1) + "\x1b[0m" +
         line.substr(end);
}

}  // namespace

std::vector<std::string> board_lines(const BoardView& view, const Look& look) {
  const auto width = width_of(look);
  std::vector<std::string> news{fmt::format("{}/{}", view.done, view.items)};
  if (const auto rate = rate_of(view); !rate.empty()) news.push_back(rate);
  std::vector<std::string> lines{bar_line(view, look, std::move(news))};
  if (has_calls(view)) lines.push_back(fit("calls", calls_of(view), width));
  if (view.leader.questions > 0) lines.push_back(fit("best", {leader_text(view.leader)}, width));
  return lines;
}

std::string end_line(const BoardView& view, const Look& look) {
  std::vector<std::string> news{fmt::format("{} parts in {}", view.items, span_of_time(view.seconds))};
  if (view.reused > 0) news.push_back(fmt::format("{} of them were in the state folder", view.reused));
  return bar_line(view, look, std::move(news));
}

std::string plain_end_line(const BoardView& view) {
  auto line = fmt::format("  {:<7} {:>6} parts in {:.1f} s", view.stage, view.items, view.seconds);
  if (view.reused > 0) line += fmt::format(", {} of them were in the state folder", view.reused);
  return line;
}

std::string plain_line(const BoardView& view) {
  auto line = fmt::format("  {:<7} {}/{} parts", view.stage, view.done, view.items);
  if (const auto rate = rate_of(view); !rate.empty()) line += ", " + rate;
  if (has_calls(view)) {
    for (const auto& news : calls_of(view)) line += ", " + news;
  }
  if (view.leader.questions > 0) line += "; best so far " + leader_text(view.leader);
  return line;
}

}  // namespace dream::jobs
