"""Every front end of Rookery: full-screen, plain prompt, headless."""
