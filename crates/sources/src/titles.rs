//! Job titles: those of people who decide about buying, in office now, in the languages of a CRM.
//!
//! A title may name several offices (`Co-Founder & COO`). It counts where one of them decides. What stands behind an
//! assistant or a former office is that office, so that nothing behind it counts.

/// True if somebody with that title decides about buying, and has the title now.
pub(crate) fn decides(title: &str) -> bool {
    let folded = folded(title);
    for part in folded.split(['/', '|', ';', ',', '•', '·', '、', '・', '\n']).flat_map(offices) {
        let words: Vec<&str> =
            part.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            continue;
        }
        if serves(&words, part) {
            return false;
        }
        if leads(&words, part) {
            return !is_over(&words, part);
        }
    }
    false
}

/// The offices that `and` joins.
fn offices(part: &str) -> impl Iterator<Item = &str> {
    const AND: [&str; 9] = [" & ", " and ", " und ", " et ", " y ", " e ", " en ", " dan ", " + "];
    let mut rest = Some(part);
    std::iter::from_fn(move || {
        let text = rest?;
        let cut = AND.iter().filter_map(|and| text.find(and).map(|at| (at, at + and.len()))).min();
        let (begin, end) = cut.unwrap_or((text.len(), text.len()));
        rest = cut.map(|_| &text[end..]);
        Some(&text[..begin])
    })
}

/// The title in lower case, without accents, and abbreviations without dots: `C.E.O.` is `ceo`.
fn folded(title: &str) -> String {
    let mut out = String::with_capacity(title.len() + 8);
    let mut chars = title.chars().flat_map(char::to_lowercase).peekable();
    while let Some(c) = chars.next() {
        let single = |text: &str| {
            let mut last = text.chars().rev();
            last.next().is_some_and(char::is_alphabetic) && last.next().is_none_or(|c| !c.is_alphanumeric())
        };
        if c == '.' && single(&out) && chars.peek().is_some_and(|next| next.is_alphabetic()) {
            // `c.e.o` is one word, `a. smith` is two: the letter behind must be single, too. Most are.
            out.push('\u{1}');
            continue;
        }
        match plain(c) {
            Some(letters) => out.push_str(letters),
            None => out.push(c),
        }
    }
    out.replace('\u{1}', "")
}

/// A letter without its accent.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ą' | 'ă' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ő' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        // What a dot above an i leaves behind in lower case.
        '\u{307}' | '\u{301}' | '\u{300}' | '\u{308}' => "",
        _ => return None,
    })
}

/// Words of somebody who works for one who decides, or who learns.
const SERVING: &str = "assistant assistants assistante asistente assistente assistentin assistent assistenz asistent asistentka \
    asystent asystentka secretary secretariat sekretaer sekretaerin sekretariat sekretarz secretaire \
    secretaria secretario segretaria segretario secretaresse setiausaha sekretaris pa ea intern internship \
    praktikant praktikantin stagiaire trainee werkstudent werkstudentin student apprentice apprenti azubi \
    referent referentin becario becaria estagiario estagiaria tirocinante pembantu pelatih asistan";
const SERVING_PARTS: &str = "秘書 秘书 助理 アシスタント インターン 補佐 비서 인턴 секретар ассистент помощник assistenz assistent sekretariat";

/// Words of an office that is over, or that did not begin.
const OVER: &str = "former formerly ex retired emeritus emerita past previous previously outgoing ehemalig ehemalige \
    ehemaliger ehemals ehem frueher fruehere frueherer pensioniert ancien ancienne retraite retraitee antiguo \
    antigua anterior jubilado jubilada antigo aposentado aposentada precedente pensionato voormalig \
    voormalige gepensioneerd bekas mantan byly byla tidigare tidl eski designate designated elect incoming \
    future kuenftig kuenftige kuenftiger designado futur aspiring seeking wannabe бывший бывшая";
const OVER_PARTS: &str = "元 前 退休 退任 離任 离任 전임 은퇴";

/// Offices that decide, whatever stands around them.
const LEADING: &str = "ceo cto cfo coo cio ciso cmo cpo cro cdo cso cco chro cxo cao clo cino vp svp evp avp rvp gvp president \
    vicepresident chairman chairwoman chairperson founder cofounder proprietor chief geschaeftsfuehrer \
    geschaeftsfuehrerin geschaeftsfuehrung geschaeftsfuehrend geschaeftsleiter geschaeftsleiterin \
    geschaeftsleitung vorstand vorstaendin vorstandsvorsitzender vorstandsvorsitzende vorstandsmitglied \
    prokurist prokuristin inhaber inhaberin gruender gruenderin mitgruender mitgruenderin praesident \
    praesidentin vizepraesident direktor direktorin directeur directrice pdg dg dsi daf drh presidente \
    fondateur fondatrice cofondateur cofondatrice gerant gerante dirigeant dirigeante proprietaire director \
    directora subdirector subdirectora fundador fundadora cofundador cofundadora propietario propietaria \
    dueno duena diretor diretora proprietario proprietaria vicepresidente direttore direttrice fondatore \
    cofondatore titolare dirigente bestuurder bestuursvoorzitter eigenaar eigenares oprichter hoofd vd \
    direktoer direktoeren aegare grundare toimitusjohtaja johtaja pengarah direktur presiden pengasas pendiri \
    pemilik prezes dyrektor dyrektorka wlasciciel wlascicielka zalozyciel reditel reditelka jednatel \
    jednatelka majitel majitelka zakladatel uegyvezeto igazgato tulajdonos kurucu direktoeru директор \
    гендиректор президент основатель владелец руководитель διευθυντης διευθυντής ιδρυτης ιδρυτής";
/// The same in scripts without blanks between words, and offices of several words.
const LEADING_PARTS: &str = "社長, 会長, 取締役, 執行役員, 本部長, 部長, 最高, 創業者, オーナー, 代表, 总经理, 總經理, 董事, 总监, 總監, 首席, 创始人, 創辦人, 總裁, 总裁, 副总, 老板, 负责人, \
    대표, 이사, 사장, 전무, 상무, 본부장, 창업자, 최고, 공동창업, 管理部長, general manager, managing director, consejero delegado, \
    consejera delegada, amministratore delegato, amministratrice delegata, amministratore unico, gerente \
    general, gerente geral, genel mudur, genel muedur, daglig leder, giam doc, διευθύνων, المدير العام, \
    الرئيس التنفيذي, مؤسس, מנכ, סמנכ, กรรมการผู้จัดการ, ผู้อำนวยการ, ketua pegawai";

/// Words in front of `owner` that leave it an owner of the company.
const OWNERS: &str =
    "co business company firm franchise sole managing part principal agency shop store restaurant small the";
/// Words in front of `partner` that leave it a partner of the firm.
const PARTNERS: &str = "managing senior general founding equity lead global co geschaeftsfuehrender";
/// Words in front of `director` that make another profession of it.
const OTHER_DIRECTORS: &str = "art film casting funeral music choir stage photography arte artistico artistica artistique artistic \
    fotografia teatro cine";
/// Words behind `chief` that make an office of it.
const CHIEFS: &str = "executive technology technical financial finance operating operations information data digital product \
    marketing revenue people security commercial strategy human legal risk growth customer innovation \
    administrative investment compliance procurement sales business experience transformation privacy ai \
    analytics";
/// Words in front of `leiter` and `leitung` that lead no department.
const OTHER_LEADERS: &str = "projekt team schicht gruppen bau kurs teil uebungs be ab ein um gleich halb";
/// Words of buying, and words that make their holder the one who buys.
const BUYING: &str =
    "procurement purchasing sourcing einkauf achats compras acquisti inkoop perolehan zakupow nakupu";
const HEADING: &str = "manager lead leiter leiterin responsable responsabile responsavel jefe jefa chef gerente head pengurus \
    kierownik";
const BUYING_PARTS: &[(&str, &str)] = &[("購買", "長"), ("采购", "经理"), ("採購", "經理"), ("구매", "팀장")];

/// True if a list of words holds that one.
fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// The texts of a list between commas, or between blanks where it has no commas.
fn parts_of(list: &'static str) -> impl Iterator<Item = &'static str> {
    let comma = list.contains(", ");
    list.split(if comma { ", " } else { " " })
}

/// True if the office serves one who decides.
fn serves(words: &[&str], part: &str) -> bool {
    words.iter().any(|word| has(SERVING, word))
        || parts_of(SERVING_PARTS).any(|mark| part.contains(mark))
        || words.windows(3).any(|three| three == ["chief", "of", "staff"])
}

/// True if the office is over, or did not begin.
fn is_over(words: &[&str], part: &str) -> bool {
    let part = part.trim();
    words.iter().any(|word| has(OVER, word))
        || parts_of(OVER_PARTS).any(|mark| part.starts_with(mark))
        || words.first() == Some(&"전")
}

/// True if the office decides.
fn leads(words: &[&str], part: &str) -> bool {
    // What stands behind `to` is somebody else.
    let end = words.iter().position(|word| matches!(*word, "to" | "zum" | "zur")).unwrap_or(words.len());
    let words = &words[..end];
    let joined = words.join(" ");
    words.iter().enumerate().any(|(at, word)| leads_at(words, at, word))
        || (end > 0
            && parts_of(LEADING_PARTS)
                .any(|office| joined.contains(office) || (!office.is_ascii() && part.contains(office))))
        || (words.iter().any(|word| has(BUYING, word)) && words.iter().any(|word| has(HEADING, word)))
        || BUYING_PARTS.iter().any(|(what, who)| part.contains(what) && part.contains(who))
}

/// True if the word at that place is an office that decides.
fn leads_at(words: &[&str], at: usize, word: &str) -> bool {
    let (before, next) = (&words[..at], words.get(at + 1).copied());
    let no_other = |others: &str| !words.iter().any(|word| has(others, word));
    match word {
        "owner" => before.iter().all(|word| has(OWNERS, word) || has(LEADING, word)),
        "partner" => {
            before.iter().all(|word| has(PARTNERS, word))
                && next.is_none_or(|next| matches!(next, "at" | "in" | "of" | "bei"))
        }
        "head" => next.is_none_or(|next| matches!(next, "of" | "global" | "it")),
        "chief" => words[at..].contains(&"officer") || next.is_some_and(|next| has(CHIEFS, next)),
        "director" | "directora" | "directeur" | "directrice" | "direttore" | "direttrice" | "diretor"
        | "diretora" | "direktor" => no_other(OTHER_DIRECTORS),
        word if has(LEADING, word) => true,
        word => {
            let stem = ["leiterin", "leiter", "leitung"].iter().find_map(|end| word.strip_suffix(end));
            stem.is_some_and(|stem| !has(OTHER_LEADERS, stem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_decides_about_buying_is_known_in_the_languages_of_a_crm() {
        for title in [
            "CEO",
            "c.t.o.",
            "C.F.O",
            "Chief Information Security Officer",
            "Chief Revenue Officer",
            "VP of Sales",
            "V.P. Finance",
            "Sr. Vice President, Product",
            "Senior Vice-President Operations",
            "Head of Data",
            "Global Head, Marketing",
            "Managing Director",
            "Sales Director",
            "Founder",
            "Co-founder / CTO",
            "Business Owner",
            "Owner & President",
            "Managing Partner",
            "General Manager",
            "Purchasing Manager",
            "Acting CFO",
            "Interim COO",
            "Deputy Director",
            "Geschäftsführerin",
            "Geschäftsführender Gesellschafter und CEO",
            "Vorstandsvorsitzender",
            "Leiterin Einkauf",
            "IT-Leiter",
            "Vertriebsleiter",
            "Bereichsleitung Controlling",
            "Inhaber",
            "Mitgründer",
            "Directrice générale adjointe",
            "PDG",
            "Gérant",
            "Responsable achats",
            "Fondatrice",
            "Director Financiero",
            "Consejera delegada",
            "Gerente general",
            "Jefa de compras",
            "Dueña",
            "Diretora Comercial",
            "Sócio-fundador",
            "Direttore Generale",
            "Amministratore delegato",
            "Responsabile acquisti",
            "Algemeen directeur",
            "Hoofd Inkoop",
            "Eigenaar",
            "Pengarah Urusan",
            "Dyrektor finansowy",
            "Ředitel",
            "Verkställande direktör",
            "Генеральный директор",
            "代表取締役社長",
            "営業本部長",
            "总经理",
            "首席技术官",
            "採購經理",
            "대표이사",
            "마케팅 이사",
            "Founder, ex-Globex",
            "ex-Globex | CTO",
        ] {
            assert!(decides(title), "{title}");
        }
    }

    #[test]
    fn who_does_not_decide_or_no_longer_is_not_taken_for_one_who_does() {
        for title in [
            "",
            "Accountant",
            "Product Owner",
            "Process Owner",
            "Assistant to the CFO",
            "Executive Assistant, Office of the CEO",
            "Personal Assistant to CEO and COO",
            "PA to Managing Director",
            "Chief of Staff",
            "Head Nurse",
            "Head Waiter",
            "Art Director",
            "HR Business Partner",
            "Partner Manager",
            "Channel Partner",
            "Editor in Chief",
            "Engineer",
            "Former CEO",
            "ex-CTO",
            "Retired President",
            "Past President and Founder",
            "CEO (former)",
            "CEO-designate",
            "President Emeritus",
            "Adviser to the CEO",
            "Analyst reporting to the CFO",
            "Account Manager",
            "Director's assistant",
            "Assistentin der Geschäftsführung",
            "Vorstandssekretariat",
            "Projektleiter",
            "Teamleiterin",
            "Ehemaliger Geschäftsführer",
            "Assistante de direction",
            "Assistante du directeur",
            "Chef de projet",
            "Ancien directeur",
            "Directeur artistique",
            "Antiguo director",
            "Secretaria de dirección",
            "Gerente de contas",
            "Estagiário",
            "Segretaria del direttore",
            "Voormalig directeur",
            "Bekas CEO",
            "社長秘書",
            "元社長",
            "总经理助理",
            "前总裁",
            "대표 비서",
            "전 대표",
            "Помощник директора",
            "Praktikant",
            "CEO intern",
            "Aspiring CTO",
        ] {
            assert!(!decides(title), "{title}");
        }
    }
}
