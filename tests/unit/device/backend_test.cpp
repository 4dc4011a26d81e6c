#include "device/backend.hpp"

#include <cstdlib>

#include "device/accelerator.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::device;

namespace {

Gpu gpu(int index, const std::string& uuid, int major = 9, std::int64_t gibibytes = 80) {
  return {index, "NVIDIA H100", uuid, major, 0, gibibytes << 30};
}

void check_holds(const std::optional<Refusal>& refusal, ExitCode code,
                 std::initializer_list<std::string_view> parts) {
  BOOST_REQUIRE(refusal.has_value());
  BOOST_TEST((refusal->code == code));
  for (const auto part : parts)
    BOOST_TEST(refusal->text.find(part) != std::string::npos, part << " in: " << refusal->text);
}

}  // namespace

BOOST_AUTO_TEST_CASE(codes_without_a_gpu_are_told_apart_and_others_are_errors) {
  const auto holds = [](const std::string& text, std::string_view part) {
    BOOST_TEST(text.find(part) != std::string::npos, text);
  };
  holds(absence_of(35, "driver", 0, 13000), "no driver");
  holds(absence_of(35, "driver", 12020, 13000), "speaks CUDA 12.2, and this program 13.0");
  holds(absence_of(34, "stub", 0, 13000), "stub");
  holds(absence_of(100, "no device", 13000, 13000), "CUDA_VISIBLE_DEVICES");
  holds(absence_of(0, "no error", 13000, 13000), "CUDA_VISIBLE_DEVICES");
  const auto names_code = [](const Error& e) {
    return e.code == ExitCode::device &&
           std::string_view(e.what()).find("ECC (code 214)") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(static_cast<void>(absence_of(214, "ECC", 13000, 13000)), Error, names_code);
}

BOOST_AUTO_TEST_CASE(hidden_gpus_are_none_and_say_why) {
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
  const auto gpus = find_gpus();
  BOOST_TEST(gpus.list.empty());
  BOOST_TEST(!gpus.absence.empty());
  check_holds(refusal_of_gpus(gpus), ExitCode::device,
              {"device.backend = \"cuda\"", gpus.absence, "\"cpu\""});
}

BOOST_AUTO_TEST_CASE(an_accelerator_without_a_gpu_is_an_error) {
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
  BOOST_CHECK_EXCEPTION(static_cast<void>(make_cuda_accelerator(gpu(0, "a"))), Error, [](const Error& e) {
    return refusal_of_build() ? dynamic_cast<const NotCompiled*>(&e) != nullptr
                              : e.code == ExitCode::device &&
                                    std::string_view(e.what()).starts_with("cudaSetDevice(0), NVIDIA H100: ");
  });
}

BOOST_AUTO_TEST_CASE(a_build_says_what_it_has) {
  const auto refusal = refusal_of_build();
  const auto text = describe_build();
  BOOST_TEST(text.starts_with("cpu; cuda"));
  if (refusal) {
    check_holds(refusal, ExitCode::config, {"device.backend = \"cuda\"", "DREAM_WITH_CUDA=ON", "\"cpu\""});
    BOOST_TEST(text.find("not built") != std::string::npos);
  } else {
    BOOST_TEST((backend_row("cuda") != nullptr));
    BOOST_TEST(text.find("nvcc") != std::string::npos);
    BOOST_TEST(text.find("never run on a GPU") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(auto_is_the_cpu_until_the_kernels_have_run_on_a_gpu) {
  BOOST_TEST((backend_row("auto") == nullptr));
  BOOST_TEST((backend_row("cpu") == nullptr));
  BOOST_REQUIRE((backend_row("twin") != nullptr));
  const auto gpus = backend_row("twin")->find();
  BOOST_REQUIRE(gpus.list.size() == 1);
  BOOST_TEST(backend_row("twin")->open(gpus.list[0])->numeric_class() == "twin");
}

BOOST_AUTO_TEST_CASE(a_context_counts_for_every_rank) {
  auto card = gpu(0, "a", 9, 10);
  card.context_bytes = 1LL << 30;
  BOOST_TEST(part_of(card, 2, 0.5) == (5LL << 30) / 2 - (1LL << 30));
  const std::vector<Demand> demands{{"m", 1LL << 30, 512LL << 20}};
  BOOST_TEST(!refusal_of_demands(demands, 2, card, 0.5).has_value());
  check_holds(refusal_of_demands(demands, 3, card, 0.5), ExitCode::device,
              {"3 ranks x (context 1.00 GiB; m: weights 1.00 GiB + buffers 0.50 GiB) is 7.50 GiB"});
}

BOOST_AUTO_TEST_CASE(a_gpu_that_is_too_old_is_refused_by_name) {
  BOOST_TEST(!refusal_of_gpus({{gpu(0, "a", 8), gpu(1, "b", 12)}, ""}).has_value());
  check_holds(refusal_of_gpus({{gpu(0, "a"), gpu(1, "b", 7)}, ""}), ExitCode::device,
              {"GPU 1", "NVIDIA H100", "7.0", "8.0"});
}

BOOST_AUTO_TEST_CASE(ranks_take_gpus_round_about) {
  const Gpus gpus{{gpu(0, "a"), gpu(1, "b"), gpu(2, "c")}, ""};
  for (const auto& [rank, index] : {std::pair{0, 0}, {2, 2}, {3, 0}, {7, 1}})
    BOOST_TEST(gpu_of(gpus, rank).index == index);
  BOOST_CHECK_THROW(static_cast<void>(gpu_of({}, 0)), InternalError);
}

BOOST_AUTO_TEST_CASE(too_many_ranks_on_a_card_are_refused_with_rank_and_host) {
  // Two hosts whose cards may have equal names, and a rank without a card.
  const std::vector<Seat> seats{{"east", "H100", "a"}, {"east", "H100", "b"}, {"west", "H100", "a"},
                                {"west", "", ""},      {"west", "", ""},      {"west", "H100", "a"}};
  BOOST_TEST(!refusal_of_seats(seats, 2).has_value());
  check_holds(refusal_of_seats(seats, 1), ExitCode::device,
              {"device.ranks_per_gpu = 1", "2 ranks", "H100 (a) on west", "rank 2", "write 2"});
}

BOOST_AUTO_TEST_CASE(demands_are_admitted_up_to_the_share_and_refused_with_the_sum) {
  const std::vector<Demand> demands{{"large", 8LL << 30, 2LL << 30}, {"small", 1LL << 30, 1LL << 30}};
  BOOST_TEST(!refusal_of_demands(demands, 6, gpu(0, "a"), 0.9).has_value());  // 72 of 72
  BOOST_TEST(!refusal_of_demands({}, 6, gpu(0, "a"), 0.05).has_value());
  check_holds(refusal_of_demands(demands, 7, gpu(3, "a"), 0.9), ExitCode::device,
              {"device.memory_share = 0.9", "80.00 GiB", "GPU 3", "72.00 GiB", "7 ranks",
               "large: weights 8.00 GiB + buffers 2.00 GiB", "small: weights 1.00 GiB", "84.00 GiB"});
  check_holds(refusal_of_demands(demands, 1, gpu(0, "a"), 0.1), ExitCode::device, {"1 rank x", "8.00 GiB"});
}
