"""QuizApp: public legal-knowledge contests. The rooms and their order are told in ARCHITECTURE.md."""
