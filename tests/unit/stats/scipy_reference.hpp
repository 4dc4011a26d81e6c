// Made by make_scipy_reference.py with scipy 1.17.1. Do not edit.
#pragma once
namespace scipy_reference {
inline constexpr double small_mean = 0.0952553120480587;
inline constexpr double small_error = 0.12727073029203345;
inline constexpr double small_p = 0.46240234375;
inline constexpr double large_p = 0.03543982280088599;
inline constexpr double large_percentile_low = 0.011036341495136865;
inline constexpr double large_percentile_high = 0.21754855644849788;
inline constexpr double large_bca_low = 0.009740175792982473;
inline constexpr double large_bca_high = 0.2162486380145034;
inline constexpr double skewed_bca_low = 0.24219497419244182;
inline constexpr double skewed_bca_high = 0.40483013334507;
inline constexpr double power_questions = 784.8879734349086;
}  // namespace scipy_reference
