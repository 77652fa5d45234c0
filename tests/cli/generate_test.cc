#include "cli/generate.h"

#include <gtest/gtest.h>

#include "cli/exit_codes.h"
#include "cli/parse.h"
#include "cli/values.h"

using namespace st::cli;

namespace {

struct Shop {
    CLI::App app{"Sells things", "shop"};
    Manual manual;
    std::string folder;
    std::string hidden;
    std::chrono::milliseconds patience{2500};
    int colour = 1;
    std::string what;

    Shop() {
        prepare(app);
        add_duration(app, "-p,--patience", patience, "How long to wait")->envname("SHOP_PATIENCE");
        add_text(app, "--folder", folder, "Where it's kept", "DIR");
        app.add_option("--hidden", hidden, "Nobody knows")->group("");
        add_generate(app, what);
        CLI::App* sell = app.add_subcommand("sell", "Sell something\n\nIn the `open`.");
        add_choice<int>(*sell, "--colour", colour, {{"red", 1}, {"green", 2}}, "Which [one]: this");
        sell->add_option("FILE", what, "What is sold");
        app.add_subcommand("give", "Give something")->add_subcommand("back", "Give it back");
        manual.section = 8;
        manual.summary = "sell things";
        manual.description = "Sells - or not.\n\n.So is it.";
        manual.parts = {
            {"EXIT STATUS", exit_status_text({kDone, kUsage})},
            {"EXAMPLES", "Do it:\n\n    shop sell --colour red\n    'quoted'\n\nDone."}};
        manual.see_also = {"mall(1)", "street(7)"};
    }
    std::string operator()(const char* kind) { return generate(app, manual, kind); }
};

void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
    }
}

TEST(Generate, lists_the_commands_in_their_groups_before_it_describes_them) {
    Shop shop;
    shop.manual.parts.push_back({"FILES", "`here` :: With `this`."});
    EXPECT_EQ(shop("man").find(".SH COMMANDS\n.TP"), std::string::npos) << "one group is none";
    shop.app.get_subcommand("sell")->group("Counter");
    shop.app.get_subcommand("give")->group("Charity");
    shop.app.add_subcommand("lend", "Lend something")->group("Counter");
    const std::string text = shop("man");
    expect_parts(text, {".SH COMMANDS\n.TP\nCounter\n\\fBsell\\fR, \\fBlend\\fR\n.TP\nCharity\n"
                        "\\fBgive\\fR\n.SS ",
                        ".TP\n\\fBhere\\fR\nWith \\fBthis\\fR.\n"});
}

TEST(Generate, writes_every_visible_option_into_each_form) {
    Shop shop;
    for (const char* kind : {"man", "bash", "zsh", "fish"}) {
        const std::string text = shop(kind);
        for (const char* name : {"patience", "folder", "colour", "sell", "back"}) {
            EXPECT_NE(text.find(name), std::string::npos) << name << " in " << kind;
        }
        EXPECT_EQ(text.find("hidden"), std::string::npos) << kind;
        EXPECT_EQ(text.find("--generate WHAT"), std::string::npos) << kind;
        EXPECT_EQ(text, shop(kind)) << "reproducible";
    }
}

TEST(ManPage, describes_what_stands_on_the_command_line_without_a_name) {
    Shop shop;
    shop.app.add_option("GOODS", shop.folder, "What there is, or - for all");
    expect_parts(shop("man"), {".SH OPTIONS\nThese may stand before or after the command.\n.TP\n"
                               "\\fBGOODS\\fR\nWhat there is, or \\- for all.\n.TP\n\\fB\\-h",
                               "\\fBFILE\\fR\nWhat is sold.\n"});
}

TEST(ManPage, escapes_what_troff_would_take_for_its_own) {
    expect_parts(
        Shop()("man"),
        {".TH SHOP 8 ", "shop \\- sell things", "\n\\&.So is it.\n", "Sells \\- or not.",
         ".EX\nshop sell \\-\\-colour red\n\\&'quoted'\n.EE",
         "\\fB\\-p\\fR, \\fB\\-\\-patience\\fR \\fID\\fR\n",
         "How long to wait. Default: 2500ms. Environment: SHOP_PATIENCE.", "In the \\fBopen\\fR.",
         ".TP\n\\fB64\\fR\nThe command line is wrong.", ".BR mall (1),\n.BR street (7)\n"});
}

TEST(BashCompletion, knows_values_and_commands) {
    expect_parts(Shop()("bash"), {"\",sell\") path=\"sell\"", "\"give,back\") path=\"give back\"",
                                  "compgen -W 'red green'", "\"sell\",--colour)", "*,--folder)",
                                  "complete -F _shop shop"});
}

TEST(ZshCompletion, escapes_brackets_and_colons) {
    expect_parts(Shop()("zsh"), {"#compdef shop", "Which \\[one\\]\\: this", "(red green)",
                                 "'sell:Sell something'", "Where it'\\''s kept"});
}

TEST(FishCompletion, ties_options_to_their_command) {
    expect_parts(Shop()("fish"),
                 {"complete -c shop -n __fish_use_subcommand -a sell -d 'Sell something'",
                  "-n '__fish_seen_subcommand_from sell' -l colour -x -a 'red green'",
                  "-s p -l patience -x", "'Where it\\'s kept'"});
}

TEST(Completions, ask_the_program_for_names_only_it_knows) {
    Shop shop;
    for (const char* kind : {"bash", "zsh", "fish"}) {
        EXPECT_EQ(shop(kind).find("__complete"), std::string::npos) << kind;
    }
    std::string item;
    CLI::App* back = shop.app.get_subcommand("give")->get_subcommand("back");
    back->add_option("ITEM", item, "What is given back");
    add_text(*back, "--to", item, "Who gets it", "PERSON");
    shop.manual.live = {{"ITEM", "items"}, {"PERSON", "people"}};
    expect_parts(shop("bash"), {"command shop __complete \"$1\" \"${COMP_LINE:0:COMP_POINT}\"",
                                "\"give back\",--to)\n            _shop_names people\n",
                                "[[ -n $names ]] && _shop_names \"$names\"", "names=items"});
    expect_parts(shop("zsh"), {"command shop __complete $1", ":PERSON: _shop_names people'",
                               "':ITEM: _shop_names items'"});
    expect_parts(shop("fish"),
                 {"-n '__fish_seen_subcommand_from give; and __fish_seen_subcommand_from back' -l "
                  "to -x -a '(command shop __complete people (commandline -cp) 2>/dev/null)'",
                  "-a '(command shop __complete items (commandline -cp) 2>/dev/null)'"});
}

}  // namespace
