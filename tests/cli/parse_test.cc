#include "cli/parse.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/exit_codes.h"
#include "cli/values.h"

using namespace st::cli;

namespace {

struct Ran {
    std::optional<int> code;
    std::string out;
    std::string err;
};

struct Shop {
    CLI::App app{"Sells things", "shop"};
    std::chrono::milliseconds patience{2500};
    std::uint32_t count = 3;
    std::optional<std::chrono::milliseconds> age;
    int colour = 1;
    bool quickly = false;

    Shop() {
        prepare(app);
        add_duration(app, "--patience", patience, "How long to wait");
        add_number(app, "-n,--count", count, 1, 9, "How many");
        add_duration(app, "--age", age, "How old");
        add_choice<int>(app, "--colour", colour, {{"red", 1}, {"green", 2}}, "Which");
        app.add_subcommand("sell", "Sell something")->add_flag("--quickly", quickly, "At once");
        app.add_subcommand("secret", "Not shown")->group("");
    }

    Ran run(std::vector<const char*> words) {
        words.insert(words.begin(), "shop");
        std::ostringstream out;
        std::ostringstream err;
        const auto code = parse(app, static_cast<int>(words.size()), words.data(), out, err);
        return {code, out.str(), err.str()};
    }
};

TEST(Parse, stores_values_with_their_units) {
    Shop shop;
    const Ran ran =
        shop.run({"--patience", "1m", "-n", "9", "--age", "500ms", "--colour", "green"});
    EXPECT_FALSE(ran.code) << ran.err;
    EXPECT_EQ(shop.patience.count(), 60'000);
    EXPECT_EQ(shop.count, 9U);
    EXPECT_EQ(shop.age->count(), 500);
    EXPECT_EQ(shop.colour, 2);
}

TEST(Parse, answers_help_and_version_on_stdout_with_0) {
    const Ran help = Shop().run({"--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_NE(help.out.find("How long to wait (2500ms)"), std::string::npos) << help.out;
    EXPECT_NE(help.out.find("--colour red|green"), std::string::npos) << help.out;
    EXPECT_EQ(help.out.find("secret"), std::string::npos) << help.out;
    const Ran version = Shop().run({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_EQ(version.out, "shop " ST_VERSION "\n");
    const Ran command = Shop().run({"sell", "--help"});
    EXPECT_EQ(command.code, 0);
    EXPECT_NE(command.out.find("--quickly"), std::string::npos) << command.out;
    EXPECT_NE(command.out.find("shop sell"), std::string::npos) << command.out;
}

TEST(Parse, shows_the_help_of_a_command_under_its_whole_name) {
    const Shop shop;
    const std::string text = help_of(*shop.app.get_subcommand("sell"));
    EXPECT_NE(text.find("\nUsage: shop sell [OPTIONS]\n"), std::string::npos) << text;
    const std::string all = help_of(shop.app);
    EXPECT_NE(all.find("\nUsage: shop [OPTIONS] [COMMAND]\n"), std::string::npos) << all;
}

TEST(Parse, keeps_help_within_80_columns) {
    Shop shop;
    bool flag = false;
    shop.app.add_flag("--flag", flag,
                      std::string(30, 'w') + " and " + std::string(40, 'v') +
                          " and more words that do not fit into one line");
    std::istringstream lines(shop.run({"--help"}).out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(Parse, answers_mistakes_with_64_and_the_nearest_name) {
    const auto mistake = [](std::vector<const char*> words) {
        const Ran ran = Shop().run(std::move(words));
        EXPECT_EQ(ran.code, kUsage);
        EXPECT_EQ(ran.out, "");
        return ran.err.substr(0, ran.err.find('\n'));
    };
    EXPECT_EQ(mistake({"--pateince", "1s"}),
              "shop: unknown option --pateince; did you mean --patience?");
    EXPECT_EQ(mistake({"sel"}), "shop: unknown command sel; did you mean sell?");
    EXPECT_EQ(mistake({"sell", "--quikly"}),
              "shop: unknown option --quikly; did you mean --quickly?");
    EXPECT_EQ(mistake({"--utterly-different"}), "shop: unknown option --utterly-different");
    EXPECT_EQ(mistake({"secre"}), "shop: unknown command secre") << "hidden names stay hidden";
    EXPECT_EQ(mistake({"--patience", "soon"}),
              "shop: --patience: \"soon\" is not a duration such as 10s");
    EXPECT_EQ(mistake({"--count", "10"}), "shop: --count: \"10\" is over 9");
    EXPECT_EQ(mistake({"--count", "0"}), "shop: --count: \"0\" is below 1");
    EXPECT_EQ(mistake({"--colour", "blue"}), "shop: --colour: \"blue\" is not one of red|green");
}

TEST(Parse, does_not_take_abbreviations) { EXPECT_EQ(Shop().run({"--pat", "1s"}).code, kUsage); }

TEST(Parse, takes_the_words_of_a_script_line) {
    Shop shop;
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_FALSE(parse(shop.app, {"sell", "--count", "4"}, out, err)) << err.str();
    EXPECT_EQ(shop.count, 4U);
}

TEST(Values, read_pairs_exactly) {
    EXPECT_EQ(parse_resolution("1280x720")->first, 1280U);
    EXPECT_EQ(parse_aspect("16:9")->second, 9U);
    for (const char* text : {"1280", "1280x", "x720", "1280x720x2", "1280*720", "15x720", "-1x20",
                             "1280x 720", "99999x720", ""}) {
        EXPECT_FALSE(parse_resolution(text)) << text;
    }
    for (const char* text : {"4", "4:0", "0:3", ":", "4:3:2", "a:b"}) {
        EXPECT_FALSE(parse_aspect(text)) << text;
    }
    EXPECT_EQ(*parse_camera_bitrate("4"), 4'000'000U);
    EXPECT_EQ(*parse_camera_bitrate("2500k"), 2'500'000U);
    EXPECT_FALSE(parse_camera_bitrate("4000000")) << "Mbit/s, not bit/s";
    EXPECT_FALSE(parse_fps("1001"));
    EXPECT_FALSE(parse_fps("-1"));
}

TEST(Values, read_frame_rates_with_a_fraction) {
    EXPECT_DOUBLE_EQ(*parse_frame_rate("29.97"), 29.97);
    EXPECT_DOUBLE_EQ(*parse_frame_rate("0.001"), 0.001);
    EXPECT_DOUBLE_EQ(*parse_frame_rate("1000"), 1000);
    for (const char* text : {"", "0", "0.0009", "1000.1", "-1", "30fps", " 30", "nan", "inf"}) {
        EXPECT_FALSE(parse_frame_rate(text)) << text;
    }
    EXPECT_EQ(parse_frame_rate("fast").error().message,
              "\"fast\" is not a frame rate between 0.001 and 1000");
}

TEST(SplitWords, splits_as_a_shell_user_expects) {
    const auto words = [](std::string_view line) {
        const auto split = split_words(line);
        EXPECT_TRUE(split) << line;
        return split ? *split : std::vector<std::string>{"(error)"};
    };
    using Words = std::vector<std::string>;
    EXPECT_EQ(words("start  cam1\tcam2 "), (Words{"start", "cam1", "cam2"}));
    EXPECT_EQ(words("a 'b c' \"d 'e\" f\\ g"), (Words{"a", "b c", "d 'e", "f g"}));
    EXPECT_EQ(words("a\"b\"'c'd"), (Words{"abcd"}));
    EXPECT_EQ(words("a '' b"), (Words{"a", "", "b"}));
    EXPECT_EQ(words("\"a\\\"b\\\\c\\d\""), (Words{"a\"b\\c\\d"}));
    EXPECT_EQ(words("start # all of them"), (Words{"start"}));
    EXPECT_EQ(words("a#b '#c'"), (Words{"a#b", "#c"}));
    EXPECT_EQ(words("   # only a comment"), Words{});
    EXPECT_EQ(words(""), Words{});
    EXPECT_EQ(words("stop\r"), Words{"stop"});
}

TEST(SplitWords, names_what_is_not_closed) {
    EXPECT_EQ(split_words("a 'b").error().message, "a ' that is not closed");
    EXPECT_EQ(split_words("a \"b").error().message, "a \" that is not closed");
    EXPECT_EQ(split_words("a \\").error().message, "a backslash at the end of the line");
}

}  // namespace
