//! Subjects that a machine wrote: weaker than a header, for mails without one.

use std::sync::LazyLock;

use aho_corasick::BuildError;

use crate::bots::{Sense, Words, lines};

/// The built-in list.
const SUBJECTS: &str = include_str!("../../../../config/sources/auto-reply-subjects.txt");

static MACHINES: LazyLock<Result<Words, BuildError>> =
    LazyLock::new(|| Words::new(lines(SUBJECTS).map(|line| (line, Sense::Anywhere))));

/// True if the subject is a machine's.
pub(super) fn is_automatic_subject(subject: &str) -> bool {
    let lower = subject.to_lowercase();
    let begin = lower.trim_start_matches(|c: char| c.is_whitespace() || "[(\"'*<#„“«»:!-".contains(c));
    MACHINES.as_ref().is_ok_and(|words| words.find(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_known_by_its_subject_in_many_languages() {
        for subject in [
            "Automatic reply: Your offer",
            "[Auto-Reply] Offer",
            "I am out of office until 5 May",
            "Jane is no longer with Acme",
            "Undeliverable: Offer",
            "Mail delivery failed: returning message to sender",
            "Abwesenheit Re: Angebot",
            "Abwesenheitsnotiz: Angebot",
            "Absence du bureau : offre",
            "Fuera de la oficina: oferta",
            "RESPUESTA AUTOMÁTICA: oferta",
            "Resposta automática: oferta",
            "Fuori sede",
            "Afwezig: aanbod",
            "Frånvarande: erbjudande",
            "Automatisk svar: tilbud",
            "Poissa: tarjous",
            "Odpowiedź automatyczna: oferta",
            "Automatická odpověď: nabídka",
            "Automatikus válasz: ajánlat",
            "Răspuns automat: ofertă",
            "Автоматичен отговор: оферта",
            "Αυτόματη απάντηση: προσφορά",
            "Automatski odgovor: ponuda",
            "Автоответ: предложение",
            "Автоматична відповідь: пропозиція",
            "Otomatik yanıt: teklif",
            "תשובה אוטומטית: הצעה",
            "رد تلقائي: عرض",
            "自动回复: 报价",
            "自動応答: ご提案",
            "자동 회신: 제안",
            "Trả lời tự động: chào giá",
            "ตอบกลับอัตโนมัติ: ข้อเสนอ",
            "Balasan otomatis: penawaran",
        ] {
            assert!(is_automatic_subject(subject), "{subject}");
        }
    }

    #[test]
    fn a_person_may_write_of_an_absence() {
        for subject in [
            "",
            "Re: your offer",
            "Re: Automatic reply: Offer",
            "AW: Abwesenheitsnotiz: Angebot",
            "The office is out of paper",
            "Ready to talk",
            "Redesign of our vacation policy",
            "Question about out-of-hours support",
            "Interested in the undelivered features",
        ] {
            assert!(!is_automatic_subject(subject), "{subject}");
        }
    }
}
