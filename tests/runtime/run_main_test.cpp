#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "spargio/runtime/run.hpp"

namespace spargio {
namespace {

int run_program(std::vector<std::string> words, task<int> (*entry)(std::vector<std::string>)) {
    std::vector<char*> pointers;
    for (std::string& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return run_main(static_cast<int>(words.size()), pointers.data(), entry,
                    [](runtime_builder& builder) { builder.shards(1); });
}

task<int> count_arguments(std::vector<std::string> arguments) {
    co_return static_cast<int>(arguments.size());
}

task<int> fail(std::vector<std::string> arguments) {
    throw std::runtime_error("no " + arguments.at(0));
    co_return 0;
}

TEST(RunMain, GivesTheArgumentsAfterTheProgramsNameAndReturnsTheStatus) {
    EXPECT_EQ(run_program({"program", "one", "two"}, count_arguments), 2);
    EXPECT_EQ(run_program({"program"}, count_arguments), 0);
}

TEST(RunMain, AnExceptionIsOneLineOnStandardErrorAndStatusOne) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(run_program({"program", "luck"}, fail), 1);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "program: failed: no luck\n");
}

}  // namespace
}  // namespace spargio
