#include "tests/support/test.hpp"
