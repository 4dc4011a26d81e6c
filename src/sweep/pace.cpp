#include "sweep/pace.hpp"

#include <algorithm>
#include <cmath>

namespace dream::sweep {
namespace {

constexpr double enough_seconds = 0.5;
constexpr double usual = 0.1;  ///< a difference that says nothing: parts of equal weight differ too
constexpr double finest = 1. / 16;
constexpr double most = 16;

bool tells(const Done& done) { return done.seconds >= enough_seconds && done.work > 0; }

/// Whether most have worked long enough.
bool can_judge(std::span<const Done> done) {
  return 2 * std::ranges::count_if(done, tells) > std::ssize(done);
}

double rounded(double speed) {
  if (std::abs(speed - 1) <= usual) return 1;
  return std::clamp(std::round(speed / finest) * finest, finest, most);
}

}  // namespace

std::vector<double> speeds_of(std::span<const Done> done, std::span<const double> before) {
  std::vector<double> speeds(before.begin(), before.end());
  std::vector<double> rates;
  for (const auto& one : done) {
    if (tells(one)) rates.push_back(one.work / one.seconds);
  }
  if (!can_judge(done)) return speeds;
  const auto middle = rates.begin() + std::ssize(rates) / 2;
  std::ranges::nth_element(rates, middle);
  speeds.resize(done.size(), 1);
  for (std::size_t w = 0; w < done.size(); ++w) {
    if (tells(done[w])) speeds[w] = rounded(done[w].work / done[w].seconds / *middle);
  }
  return speeds;
}

void Pace::share(comm::Communicator& comm, const Workers& workers, std::string_view kind, Done mine) {
  if (kind_ != kind) noted_ = {};
  kind_ = kind;
  noted_.work += mine.work;
  noted_.seconds += mine.seconds;
  const auto all = comm.all_gather(noted_);
  const auto done = std::span(all).subspan(static_cast<std::size_t>(workers.first),
                                           static_cast<std::size_t>(workers.count));
  speeds_ = speeds_of(done, speeds_);
  if (can_judge(done)) noted_ = {};
}

}  // namespace dream::sweep
