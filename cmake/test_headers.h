// What most tests include, compiled once (ST_PCH).
#pragma once

#include "common_headers.h"

#include <filesystem>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
