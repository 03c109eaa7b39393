"""Other tools' files, both ways. Empty as yet: Exporter and Importer in `domain/ports.py` say what will come here."""
