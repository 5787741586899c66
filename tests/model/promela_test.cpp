// Every Promela model of this folder is a test, and so is every way to break its protocol that its
// first line names: `// breaks: A B ...`. A model that notices no break proves nothing.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

const std::filesystem::path here = std::filesystem::path(__FILE__).parent_path();

struct search {
    std::string model;
    std::string broken;  // empty: the protocol as it is
};

std::ostream& operator<<(std::ostream& out, const search& what) {
    return out << what.model << ' ' << what.broken;
}

std::vector<search> all_searches() {
    std::vector<search> all;
    for (const auto& entry : std::filesystem::directory_iterator(here)) {
        if (entry.path().extension() != ".pml")
            continue;
        const std::string model = entry.path().stem();
        all.push_back({model, ""});
        std::ifstream file(entry.path());
        std::string line, word;
        std::getline(file, line);
        std::istringstream words(line);
        if (words >> word >> word && word == "breaks:") {
            while (words >> word)
                all.push_back({model, word});
        }
    }
    return all;
}

class Promela : public testing::TestWithParam<search> {};

TEST_P(Promela, Search) {
    const std::string command = "'" + (here / "run.sh").string() + "' '" +
                                (here / (GetParam().model + ".pml")).string() + "' " +
                                GetParam().broken;
    const int status = std::system(command.c_str());
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        GTEST_SKIP() << "spin is not installed";
    EXPECT_EQ(WEXITSTATUS(status), 0) << command;
}

INSTANTIATE_TEST_SUITE_P(Models, Promela, testing::ValuesIn(all_searches()),
                         [](const testing::TestParamInfo<search>& tested) {
                             std::string name = tested.param.model;
                             if (!tested.param.broken.empty())
                                 name += "_" + tested.param.broken;
                             for (char& each : name) {
                                 if (!std::isalnum(static_cast<unsigned char>(each)))
                                     each = '_';
                             }
                             return name;
                         });

}  // namespace
